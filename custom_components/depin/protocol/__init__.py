"""What home and node must agree on, bit for bit."""
