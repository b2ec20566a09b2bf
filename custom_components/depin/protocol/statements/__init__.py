"""What a home says: signed statements, chained in two streams."""
