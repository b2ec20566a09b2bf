"""Who belongs to a co-op, with which keys and roles."""
