"""Statements of account as decisions of the co-op: made of what is final, booked, never altered."""
