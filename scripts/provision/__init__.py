"""What `scripts/setup` and `scripts/lock` do, on Python 3.11 and its standard library alone."""
