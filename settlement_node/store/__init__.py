"""Keeping rows: small ordered tables, one store for each co-op, durable when a commit returns."""
