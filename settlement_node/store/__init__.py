"""Rows that outlive the process."""
