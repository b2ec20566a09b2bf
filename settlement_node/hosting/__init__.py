"""The co-ops of one node: where they lie, and running them side by side."""
