"""From the bytes of a statement to the receipt for it."""
