"""What operators can do with a market's rules, by signed statements."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from depin_protocol.rules.market_rules import SERIES, MarketRules
from depin_protocol.statements.fields import ID, MARKET, Fields, ascending
from depin_protocol.statements.membership import OperatorAction
from depin_protocol.statements.money import DatedPrice
from settlement_node.governance.actions import Action
from settlement_node.market.rules.places import Place
from settlement_node.market.rules.price_steps import read_dated_price

MAX_VALUES: Final = 1_000
"""Values of a series in one action: ten days of quarter hours, and some more."""


@dataclass(frozen=True, slots=True)
class SetMarket:
    """Gives a market these rules: at once where it is new, else after the notice, or later."""

    NAME: ClassVar[str] = "set_market"

    market: str
    rules: MarketRules
    start: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        start = {} if self.start is None else {"start": self.start}
        return {"market": self.market, "rules": self.rules.to_json(), **start}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which market, its rules, and from when."""
        market = fields.text("market", MARKET)
        rules = MarketRules.read(fields.take("rules"), fields.path("rules"))
        return cls(market, rules, fields.time("start") if "start" in fields else None)


@dataclass(frozen=True, slots=True)
class DeclareSeries:
    """Tells values of a market's series: each holds from its instant until the next."""

    NAME: ClassVar[str] = "declare_series"

    market: str
    series: str
    values: tuple[DatedPrice, ...]

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        values = [list(value) for value in self.values]
        return {"market": self.market, "series": self.series, "values": values}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which series, and its values in order."""
        market, series = fields.text("market", MARKET), fields.one_of("series", SERIES)
        values = fields.array("values", MAX_VALUES, read_dated_price, least=1)
        ascending(values, lambda value: value[0], fields.path("values"))
        return cls(market, series, values)


@dataclass(frozen=True, slots=True)
class PlaceMember:
    """Gives a member its zone, its weight in a static key and the part of its meter."""

    NAME: ClassVar[str] = "place_member"

    member: str
    market: str
    place: Place
    start: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        start = {} if self.start is None else {"start": self.start}
        return {"member": self.member, "market": self.market, **self.place.to_json(), **start}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whom, where and from when."""
        member, market = fields.text("member", ID), fields.text("market", MARKET)
        place = Place.take(fields)
        return cls(member, market, place, fields.time("start") if "start" in fields else None)


ACTIONS: Final[dict[str, type[Action]]] = {
    kind.NAME: kind for kind in (SetMarket, DeclareSeries, PlaceMember)
}


def read_action(body: OperatorAction) -> Action:
    """Read the parameters, or raise a BodyError that names the wrong one."""
    fields = Fields(body.parameters, "parameters")
    action = ACTIONS[body.action].read(fields)
    fields.finish()
    return action
