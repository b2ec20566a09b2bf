"""The rules that an interval is checked by, and the entry that they stand in where it is shown."""

from dataclasses import dataclass
from typing import Final, Self

from ..log.notes import VerifierKey
from ..rules.market_rules import MarketRules
from ..statements.fields import MARKET, BodyError, Fields
from .shown import ShownEntry
from .verdicts import FailedCheckError, OpenQuestionError, UnshownError

GENESIS: Final = "genesis"
_MARKET_SET: Final = "market_set"


@dataclass(frozen=True, slots=True)
class ShownRules:
    """What the node says holds in an interval, after its series."""

    rules: MarketRules
    entry: ShownEntry | None = None
    """Where the log has them; without it they are the node's word."""

    @property
    def are_shown(self) -> bool:
        """Tell whether the log has them, and not the node's word alone."""
        return self.entry is not None and not self.rules.series

    def check(self, log: VerifierKey, market: str) -> None:
        """Refuse rules that are not those of the entry, the prices of declared series apart."""
        if self.entry is None:
            return
        index, decision = self.entry.decision(log, GENESIS, _MARKET_SET)
        try:
            result = Fields(decision.result, "result")
            of = result.text("market", MARKET)
            logged = MarketRules.read(result.take("rules"))
        except BodyError as error:
            msg = f"the rules in entry {index} are none: {error}"
            raise UnshownError(msg) from error
        if of != market:
            msg = f"entry {index} has the rules of another market"
            raise UnshownError(msg)
        if _without_series(self.rules) != _without_series(logged):
            # Nobody has signed what was said beside the log.
            msg = f"the rules that were said are not those of entry {index} of the log"
            raise UnshownError(msg)

    def to_json(self) -> dict[str, object]:
        """Return what is written of them."""
        entry = None if self.entry is None else self.entry.to_json()
        return {"rules": self.rules.to_json(), "entry": entry}

    @classmethod
    def read(cls, value: object, path: str = "rules") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        rules, entry = MarketRules.read(fields.take("rules")), fields.take("entry")
        fields.finish()
        return cls(rules, None if entry is None else ShownEntry.read(entry))


def left_open(error: FailedCheckError) -> OpenQuestionError:
    """Say of what fails by rules that the log was not shown to have."""
    msg = f"by rules that the home was told, which the log is not shown to have: {error}"
    return OpenQuestionError(error.check, msg)


def _without_series(rules: MarketRules) -> dict[str, object]:
    """Return the rules without the prices that are declared as they come."""
    told = rules.to_json()
    for name in rules.series:
        match name:
            case "band_low" | "band_high":
                told["band"] = None
            case "pool_price":
                told["pool"] = None if rules.pool is None else rules.pool.key.value
            case "retail" | "feed_in":
                told["retail"] = told["feed_in"] = None
    return told
