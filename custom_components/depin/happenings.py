"""What happens in a market, as the node's events tell it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from .protocol.bounds import MAX_AMOUNT
from .protocol.events import Event
from .protocol.statements.fields import MARKET, Fields

FRESH: Final = 3_600_000
"""What happened longer ago is in the books, and starts no automation any more."""

_ORDERS: Final = frozenset({"order", "standing_order", "flexible_order", "cancellation"})
_MAX_WORDS: Final = 300
_MAX_CODE: Final = 64


class Settling(StrEnum):
    """Why an interval's money is told."""

    SETTLED = "settled"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Settled:
    """An interval of this home's was settled, or corrected."""

    market: str
    start: int
    kind: Settling
    pays: int
    receives: int

    @classmethod
    def read(cls, event: Event) -> Self:
        """Read an event, or raise a BodyError."""
        fields = Fields(event.data, "settled")
        return cls(
            market=fields.text("market", MARKET),
            start=fields.time("start"),
            kind=Settling(fields.one_of("kind", list(Settling))),
            pays=fields.integer("pays", -MAX_AMOUNT, MAX_AMOUNT),
            receives=fields.integer("receives", -MAX_AMOUNT, MAX_AMOUNT),
        )


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """An order of this home's has no effect."""

    code: str
    detail: str

    @classmethod
    def read(cls, event: Event) -> Self | None:
        """Read an event, or raise a BodyError; None if it is about something else."""
        fields = Fields(event.data, "decision")
        match fields.take("kind"):
            case "no_effect" if "said" in fields and fields.take("said") in _ORDERS:
                return cls(fields.words("code", _MAX_CODE), fields.words("detail", _MAX_WORDS))
            case "opened":
                # A standing order, a day before an interval that it can't hold in.
                return cls(fields.words("refused", _MAX_CODE), "")
        return None
