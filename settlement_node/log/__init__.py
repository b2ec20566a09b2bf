"""The co-op's public log, as it is written and served."""
