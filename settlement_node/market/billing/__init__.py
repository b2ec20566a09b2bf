"""Statements of account: a member's month as a typed value, and the files that it is written in."""
