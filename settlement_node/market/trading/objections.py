"""Why an order has no effect."""

from enum import StrEnum

from depin_protocol.problems import ProblemCode
from settlement_node.governance.objections import Objection
from settlement_node.ledger.outcomes import Outcome, code_of


class TradingObjection(StrEnum):
    """What the rules of a market, or of the books, hold against an order."""

    ORDERS_HELD = "orders-held"
    NO_INTERVAL = "no-such-interval"
    TOO_FAR_AHEAD = "too-far-ahead"
    OUTSIDE_BAND = "outside-band"
    OFF_TICK = "off-tick"
    OFF_LOT = "off-lot"
    TOO_MUCH = "too-much"
    NO_PLACE = "no-place"
    NO_METER = "no-meter"
    BOOK_FULL = "book-full"
    NOTHING_TO_CANCEL = "nothing-to-cancel"


class RefusedOrderError(Exception):
    """An order has no effect; the message says what to do."""

    def __init__(self, code: TradingObjection | Objection | ProblemCode | str, detail: str) -> None:
        """Say why."""
        super().__init__(detail)
        self.code = str(code)
        self.detail = detail


def unfunded(outcome: Outcome) -> RefusedOrderError:
    """Say no as the ledger does."""
    return RefusedOrderError(code_of(outcome), str(outcome.value))
