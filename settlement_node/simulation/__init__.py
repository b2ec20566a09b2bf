"""A neighbourhood on simulated time: what a market's rules do, before a co-op adopts them."""
