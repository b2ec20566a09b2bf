"""Checks a member's settled interval, or a correction of it, from what it has to follow from."""

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Self

from ..log.entries import DecisionEntry
from ..log.notes import VerifierKey
from ..rules.market_rules import MarketRules
from ..settlement.correcting import corrected
from ..settlement.settled_member import SettledMember, Traded
from ..settlement.trades import cancel_own
from ..statements.fields import ID, MARKET, MAX_TIME, BodyError, Fields
from .clearing_case import ClearingCase, OwnTrade
from .following_lines import require_following, require_metered, require_same
from .rules_shown import ShownRules, left_open
from .shown import ShownEntry, ShownLine
from .told_line import read_line
from .verdicts import Check, FailedCheckError, UnshownError

SETTLED: Final = "settled"
CORRECTED: Final = "corrected"


class ToldInterval(NamedTuple):
    """Which interval a line is of, and what it says."""

    market: str
    start: int
    settled: SettledMember


class ShownInterval(NamedTuple):
    """A decision that settled or corrected an interval, and a member's line in it."""

    entry: ShownEntry
    line: ShownLine

    def under(self, log: VerifierKey, member: str) -> ToldInterval:
        """Return what the line says of a member."""
        index, decision = self.entry.decision(log, SETTLED, CORRECTED)
        line = self.line.under(decision)
        try:
            return _told(decision, line, member)
        except BodyError as error:
            # The log's key stands for this line.
            msg = f"entry {index} or a line of it is not as the agreement has it: {error}"
            raise FailedCheckError(Check.SETTLEMENT, msg) from error

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {"entry": self.entry.to_json(), "line": self.line.to_json()}

    @classmethod
    def read(cls, value: object, path: str = "interval") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        shown = cls(ShownEntry.read(fields.take("entry")), ShownLine.read(fields.take("line")))
        fields.finish()
        return shown


@dataclass(frozen=True, slots=True)
class SettlementCase:
    """A member's line, the rules, and what it had traded; of a correction, the first line too."""

    NAME: ClassVar[Check] = Check.SETTLEMENT

    member: str
    shown: ShownInterval
    rules: ShownRules
    clearing: ClearingCase | None = None
    """None where the member had no order."""
    first: ShownInterval | None = None
    """What is corrected."""

    def check(self, log: VerifierKey) -> ToldInterval:
        """Return what the line says, or raise a FailedCheckError if it does not follow."""
        try:
            return self._checked(log)
        except FailedCheckError as error:
            if self.rules.are_shown:
                raise
            raise left_open(error) from error

    def _checked(self, log: VerifierKey) -> ToldInterval:
        told = self.shown.under(log, self.member)
        self.rules.check(log, told.market)
        rules = self.rules.rules
        trade = None if self.clearing is None else self.clearing.check(log)
        if self.clearing is not None and self.clearing.interval(log) != told[:2]:
            msg = "what is shown as cleared is another interval"
            raise UnshownError(msg)
        try:
            if self.first is None:
                _check_trade(told.settled, trade)
                members = self.shown.entry.decision(log, SETTLED)[1].count
                require_following(told.settled, rules, _price(trade), members)
            else:
                self._check_correction(log, told, rules)
        except BodyError as error:
            raise FailedCheckError(Check.SETTLEMENT, str(error)) from error
        return told

    def _check_correction(self, log: VerifierKey, told: ToldInterval, rules: MarketRules) -> None:
        assert self.first is not None  # noqa: S101 - asked for only where there is one
        first = self.first.under(log, self.member)
        if first[:2] != told[:2]:
            msg = "what is shown as settled first is another interval"
            raise UnshownError(msg)
        settled = told.settled
        require_metered(settled, rules, rules.most_wh)
        due = corrected(first.settled, settled.meters, settled.told, settled.metered)
        require_same(due, settled, "")

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "member": self.member,
            "shown": self.shown.to_json(),
            "rules": self.rules.to_json(),
            "clearing": None if self.clearing is None else self.clearing.to_json(),
            "first": None if self.first is None else self.first.to_json(),
        }

    @classmethod
    def read(cls, value: object, path: str = "settlement") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        clearing, first = fields.take("clearing"), fields.take("first")
        case = cls(
            fields.text("member", ID),
            ShownInterval.read(fields.take("shown")),
            ShownRules.read(fields.take("rules")),
            None if clearing is None else ClearingCase.read(clearing),
            None if first is None else ShownInterval.read(first),
        )
        fields.finish()
        return case


def _told(decision: DecisionEntry, line: dict[str, object], member: str) -> ToldInterval:
    result = Fields(decision.result, "result")
    market = result.text("market", MARKET)
    of = Fields(line, "line") if decision.kind == CORRECTED else result
    settled = read_line(line)
    if settled.member != member:
        msg = "the line that is shown is another member's"
        raise UnshownError(msg)
    return ToldInterval(market, of.integer("start", 0, MAX_TIME), settled)


def _check_trade(settled: SettledMember, trade: OwnTrade | None) -> None:
    if trade is None and settled.traded != Traded():
        msg = "the line says that something was traded, and its clearing is not shown"
        raise UnshownError(msg)
    due = Traded() if trade is None else Traded(trade.bought, trade.sold, trade.held)
    if settled.traded != due:
        msg = f"{settled.traded} was settled, and {due} was cleared"
        raise FailedCheckError(Check.SETTLEMENT, msg)
    if trade is not None and trade.zone != settled.terms.zone:
        msg = f"zone {settled.terms.zone} was settled, and {trade.zone} was cleared"
        raise FailedCheckError(Check.SETTLEMENT, msg)


def _price(trade: OwnTrade | None) -> int | None:
    """Return the price of the net trade, None where there is none."""
    if trade is None:
        return None
    bought, sold = cancel_own(trade.bought, trade.sold)
    return trade.buyers if bought else trade.sellers if sold else None
