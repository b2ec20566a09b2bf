"""The checks, cheap first, each a function of whole numbers."""
