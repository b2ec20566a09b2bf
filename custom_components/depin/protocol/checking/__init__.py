"""What a home checks of a node's words, and what of it stands as evidence for others."""
