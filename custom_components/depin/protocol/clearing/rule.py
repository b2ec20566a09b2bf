"""The rules by which a market may clear."""

import enum


class Rule(enum.Enum):
    """A rule, by the name that a market's terms and a book's file give it."""

    UNIFORM = "uniform"
    MCAFEE = "mcafee"
