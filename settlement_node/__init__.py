"""The co-op's server."""
