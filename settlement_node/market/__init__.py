"""A neighbourhood's market."""
