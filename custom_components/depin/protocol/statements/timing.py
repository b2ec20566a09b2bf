"""Statements that stand in their chain, and came at a time when they can do nothing."""

from dataclasses import dataclass
from typing import Final

from ..problems import NoEffect, ProblemCode
from .envelope import Statement
from .measuring import Observations, Readings
from .membership import ChainOpening, KeyChange
from .trading import FlexibleOrder, Order

MAX_LEAD: Final = 120_000
"""How far a home's clock may be ahead of the log's, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When the doors close, in milliseconds: a market's parameters."""

    gate: int
    """From an order's last moment to the start of its interval."""

    correction: int
    """From a sample to the last moment at which it can still count."""


def lack_of_effect(statement: Statement, logged_at: int, deadlines: Deadlines) -> NoEffect | None:
    """Say why a statement does nothing, by its form and by the logged time; None if it may act."""
    if statement.lacks is not None:
        return statement.lacks
    if isinstance(statement.body, (ChainOpening, KeyChange)):
        # Later statements rest on what it did to the chains, whatever the clock.
        return None
    latest = statement.header.issued_at
    if isinstance(statement.body, (Readings, Observations)):
        latest = max(latest, statement.body.at[-1])
    if latest > logged_at + MAX_LEAD:
        detail = f"it speaks of {latest}, and was logged at {logged_at}"
        return NoEffect(ProblemCode.CLOCK_WRONG, detail)
    closed = _closed_at(statement, deadlines)
    if closed is not None and logged_at >= closed:
        detail = f"its last moment was before {closed}, and it was logged at {logged_at}"
        return NoEffect(ProblemCode.LATE, detail)
    return None


def _closed_at(statement: Statement, deadlines: Deadlines) -> int | None:
    """Return when the statement could no longer do anything: its last interval counts."""
    match statement.body:
        case Order(curves=curves):
            return curves[-1].start - deadlines.gate
        case FlexibleOrder(end=end):
            return end - deadlines.gate
        case Readings(at=at) | Observations(at=at):
            return at[-1] + deadlines.correction
        case _:
            return None
