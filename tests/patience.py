"""How long a test waits for what must come."""

from typing import Final

PATIENCE: Final = 300.0
"""Seconds: far longer than anything of ours waits for, so that a busy machine fails no test."""
