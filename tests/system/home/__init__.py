"""Homes and nodes as processes of their own, and what becomes of them."""
