"""A member's own terms in one interval."""

from dataclasses import dataclass
from typing import Final

WHOLE: Final = 10_000
"""Basis points of a meter."""


@dataclass(frozen=True, slots=True)
class MemberTerms:
    """A member's own terms in one interval, as they were known at its gate."""

    retail: int
    feed_in: int
    zone: str
    pool_weight: int
    participation: int
    """In basis points of what the member's meters show."""
    seller_rate: int
    """VAT on what it supplies, in basis points."""
