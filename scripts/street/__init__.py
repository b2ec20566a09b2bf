"""The demo: a street that can be visited in the browser, so far with one home."""
