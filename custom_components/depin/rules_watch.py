"""The rules of a market's intervals as the node tells them, and where the log has them."""

from dataclasses import replace
from typing import Final, NamedTuple

from .log_watch import LogWatch
from .node import Node, StrangeAnswerError, agreed
from .protocol.bounds import MAX_PRICE
from .protocol.checking.rules_shown import GENESIS, ShownRules
from .protocol.checking.shown import ShownEntry
from .protocol.encoding import EncodingError
from .protocol.log.entries import DecisionEntry, EntryError, read_entry
from .protocol.rules.market_rules import Band, MarketRules
from .protocol.settlement.pool import PoolRule
from .protocol.settlement.trades import References
from .protocol.statements.fields import MARKET, MAX_TIME, BodyError, Fields, integer, row

_MAX_MARKETS: Final = 64
_MAX_VERSIONS: Final = 4_096


class Version(NamedTuple):
    """Rules, and the first interval that they hold in."""

    start: int
    rules: MarketRules


class RulesWatch:
    """Asks for the rules when an interval needs others than are known."""

    def __init__(self, node: Node, watch: LogWatch) -> None:
        """Begin with nothing known."""
        self.markets: dict[str, tuple[Version, ...]] = {}
        self._node = node
        self._watch = watch
        self._first: tuple[str, ShownEntry] | None = None

    async def refresh(self) -> None:
        """Ask for every version of every market's rules."""
        answer = await self._node.ask(f"{self._node.path}/markets")

        def read() -> dict[str, tuple[Version, ...]]:
            fields = Fields({"markets": answer}, "answer")
            return dict(fields.array("markets", _MAX_MARKETS, _market))

        self.markets = agreed(read)

    async def at(self, market: str, start: int) -> ShownRules:
        """Return what holds in an interval."""
        versions = [one for one in self.markets[market] if one.start <= start]
        if not versions:
            msg = f"the node settles an interval of {market} before its rules begin"
            raise StrangeAnswerError(msg)
        rules = versions[-1].rules
        if rules.series:
            rules = await self._with_series(market, start, rules)
        name, entry = await self._genesis()
        is_first = name == market and len(versions) == 1
        return ShownRules(rules, entry if is_first else None)

    async def _with_series(self, market: str, start: int, rules: MarketRules) -> MarketRules:
        path = f"{self._node.path}/markets/{market}/intervals?start={start}&limit=1"
        answer = await self._node.ask(path)

        def read() -> MarketRules:
            (of,) = row(answer, "intervals", 1)
            fields = Fields(of, "interval")
            if fields.time("start") != start:
                msg = "the prices are those of another interval"
                raise BodyError(msg)
            low, high = row(fields.take("band"), "band", 2)
            references = References(_price(fields, "retail"), _price(fields, "feed_in"))
            pool = rules.pool
            return replace(
                rules,
                band=Band(_bounded(low), _bounded(high)),
                references=references,
                pool=None if pool is None else PoolRule(_price(fields, "pool_price"), pool.key),
            )

        return agreed(read)

    async def _genesis(self) -> tuple[str, ShownEntry]:
        """Show entry 0, which has the first market's first rules."""
        if self._first is None:
            shown = await self._watch.entry(0)
            try:
                entry = read_entry(shown.entry)
                if not isinstance(entry, DecisionEntry) or entry.kind != GENESIS:
                    msg = "entry 0 does not begin a log"
                    raise StrangeAnswerError(msg)
                market = Fields(entry.result, "result").text("market", MARKET)
            except (EntryError, BodyError, EncodingError) as error:
                msg = f"entry 0 is not as agreed: {error}"
                raise StrangeAnswerError(msg) from error
            self._first = market, shown
        return self._first


def _market(value: object, path: str) -> tuple[str, tuple[Version, ...]]:
    fields = Fields(value, path)
    return fields.text("market", MARKET), fields.array("versions", _MAX_VERSIONS, _version, 1)


def _version(value: object, path: str) -> Version:
    fields = Fields(value, path)
    return Version(
        fields.integer("start", 0, MAX_TIME),
        MarketRules.read(fields.take("rules"), fields.path("rules")),
    )


def _price(fields: Fields, name: str) -> int:
    return _bounded(fields.take(name))


def _bounded(value: object) -> int:
    return integer(value, "price", -MAX_PRICE, MAX_PRICE)
