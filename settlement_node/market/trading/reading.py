"""What intervals were cleared to, read back from the log: the book, the figures, one's own part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from depin_protocol.clearing.book_tree import Context
from depin_protocol.clearing.proof import Place, prove
from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zones import clear_market
from depin_protocol.durations import DAY
from depin_protocol.encoding import from_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.rules.market_rules import MarketRules
from settlement_node.log.entries import Decision, read_decision
from settlement_node.log.reading import body_at, entry_at
from settlement_node.log.sealed import DamagedLogError
from settlement_node.market.trading.closing import VOIDED
from settlement_node.market.trading.gathering import Placed, ZoneBook
from settlement_node.market.trading.room import INTERVAL
from settlement_node.market.trading.trader import Steps
from settlement_node.store.port import View

BOOK_KEPT: Final = 2 * DAY
"""For so long after an interval began its members may read its book."""

type Line = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Public:
    """What everybody may know of an interval, and which entry says it."""

    start: int
    index: int
    at: int
    kind: str
    result: dict[str, object]

    @property
    def voided(self) -> bool:
        """Tell whether it ended uncleared."""
        return self.kind == VOIDED


@dataclass(frozen=True, slots=True)
class Told:
    """An interval as the entry and its lines tell it."""

    public: Public
    lines: tuple[dict[str, object], ...]

    @property
    def figures(self) -> Line:
        """Return every zone's figures, which members may know however few they are."""
        if self.lines and "figures" in self.lines[0]:
            figures = self.lines[0]["figures"]
            return figures if isinstance(figures, dict) else {}
        return {name: self.public.result.get(name) for name in ("zones", "fees", "rent")}

    def own(self, member: str) -> Line | None:
        """Return a member's line."""
        return next((line for line in self.lines if line.get("member") == member), None)

    def books(self, market: str, rules: MarketRules) -> dict[str, ZoneBook]:
        """Return the book of each zone, as it was at the gate."""
        placed: dict[str, list[Placed]] = {zone.name: [] for zone in rules.zones.zones}
        for line in self.lines:
            if "member" in line:
                zone = str(line["zone"])
                placed[zone].append(
                    Placed(
                        str(line["member"]),
                        from_text(str(line["pseudonym"]), HASH_LENGTH),
                        zone,
                        _steps(line["bids"]),
                        _steps(line["asks"]),
                    )
                )
        start = self.public.start
        return {zone: ZoneBook.of(Context(market, start, zone), of) for zone, of in placed.items()}


async def interval_at(view: View, market: str, start: int) -> Public | None:
    """Read what everybody may know of an interval; None if nobody wanted anything in it."""
    row = await view.get(INTERVAL, (market, start))
    return None if row is None else await _public(view, start, row[2])


async def intervals_after(view: View, market: str, after: int, limit: int) -> list[Public]:
    """Read what everybody may know of the intervals after one, oldest first."""
    rows = await view.scan(INTERVAL, (market,), after=(market, after), limit=limit)
    return [await _public(view, int(row[1]), row[2]) for row in rows]


async def told(view: View, public: Public) -> Told | None:
    """Read all lines of an interval; None if they are no longer kept."""
    entry, body = await entry_at(view, public.index), await body_at(view, public.index)
    if entry is None or body is None:
        return None
    read = read_entry(entry)
    if not isinstance(read, DecisionEntry):
        raise _misplaced(public.index)
    decision: Decision = read_decision(read, body)
    return Told(public, decision.lines)


def proof_of(told: Told, member: str, market: str, rules: MarketRules) -> bytes | None:
    """Prove a member's fills from its zone's root; None where there is no proof to give.

    A proof shows parts of other orders: with few members they could be told apart.
    """
    line = told.own(member)
    if line is None or rules.clearing is not Rule.UNIFORM:
        return None
    books = told.books(market, rules)
    zone = str(line["zone"])
    placed = books[zone].placed
    if min(sum(map(bool, side)) for side in _sides(placed)) < rules.k:
        return None
    cleared = clear_market(
        rules.zones, {name: book.book for name, book in books.items()}, rules.seller_share
    )
    own = next(one for one in placed if one.member == member)
    bids, asks = ([_place(own, price) for price, _ in steps] for steps in (own.bids, own.asks))
    return prove(books[zone].tree(), cleared.zones[zone], bids, asks).encode()


def _sides(placed: tuple[Placed, ...]) -> tuple[list[Steps], list[Steps]]:
    return [one.bids for one in placed], [one.asks for one in placed]


def _place(one: Placed, price: int) -> Place:
    return price, one.pseudonym


async def _public(view: View, start: int, index: object) -> Public:
    if not isinstance(index, int):
        raise TypeError(f"not the index of an entry: {index!r}")
    entry = await entry_at(view, index)
    read = None if entry is None else read_entry(entry)
    if not isinstance(read, DecisionEntry):
        raise _misplaced(index)
    return Public(start, index, read.at, read.kind, read.result)


def _misplaced(index: int) -> DamagedLogError:
    return DamagedLogError(f"entry {index} is not what an interval was cleared to: run `rebuild`")


def _steps(flat: object) -> Steps:
    if not isinstance(flat, list):
        raise TypeError(f"no curve: {flat!r}"[:100])
    return tuple(zip(flat[::2], flat[1::2], strict=True))
