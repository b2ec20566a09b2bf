"""One co-op: what it knows, and the single writer that decides."""
