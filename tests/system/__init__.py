"""Tests with real processes, end to end."""
