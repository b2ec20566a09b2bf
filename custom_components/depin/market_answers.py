"""What a node's books say of a market and of this member in it, asked for page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from .market_calendar import MarketCalendar, read_calendars
from .neighbourhood import Neighbourhood, read_neighbourhood
from .node import MemberNode, StrangeAnswerError, agreed
from .protocol.bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PRICE
from .protocol.statements.fields import (
    MARKET,
    MAX_COUNT,
    MAX_TIME,
    BodyError,
    Fields,
    integer,
)

PAGE: Final = 200

_MAX_ZONES: Final = 256
_MAX_NAME: Final = 64
_MONEY: Final = "MEMBER_MONEY"
_MAX_DECIMALS: Final = 18
_MAX_ACCOUNTS: Final = 10_000


class Published(NamedTuple):
    """What a market announces of an interval."""

    start: int
    retail: int
    feed_in: int
    pool_price: int | None


class ZoneResult(NamedTuple):
    """What a zone was cleared to; what is not for everybody is None."""

    buyers: int | None
    sellers: int | None
    volume: int | None


@dataclass(frozen=True, slots=True)
class Cleared:
    """An interval as it was cleared, zone by zone; voided, it has none."""

    start: int
    voided: bool
    zones: dict[str, ZoneResult]

    def of(self, zone: str) -> ZoneResult | None:
        """Return a zone's result; of one zone alone it needs no name."""
        return self.zones.get(zone) or (
            next(iter(self.zones.values())) if len(self.zones) == 1 else None
        )

    @property
    def is_hidden(self) -> bool:
        """Tell whether there is a price that is not for everybody, or may be."""
        return any(zone.buyers is None for zone in self.zones.values())


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A member's interval as it stands: energy in watt-hours, money in the smallest unit."""

    start: int
    entry: int
    final: bool
    zone: str
    quality: int
    bought: int
    sold: int
    price: int | None
    imported: int
    exported: int
    delivered_in: int
    delivered_out: int
    pooled_in: int
    pooled_out: int
    grid_in: int
    grid_out: int
    pays: int
    receives: int
    fees: int
    """What of all that it pays are grid fees, levies, the co-op's fee and VAT."""
    errors: int
    """What it cost that less was delivered than sold, and less used than bought."""
    trade_cost: int
    """What its trades as a buyer cost before fees, less what came back of it."""
    trade_revenue: int
    """What its trades as a seller brought, less what it owed for the undelivered."""
    pool_cost: int
    pool_revenue: int
    grid_cost: int
    """What its own supplier takes for the rest, at the tariff that the co-op knows."""
    grid_revenue: int


class Purse(NamedTuple):
    """A member's money: what the account holds, what is reserved of it, how low it may go."""

    asset: str
    decimals: int
    holds: int
    reserved: int
    limit: int

    def to_json(self) -> dict[str, object]:
        """Return what `read_purse` reads."""
        return {
            "kind": _MONEY,
            "asset": self.asset,
            "decimals": self.decimals,
            "holds": self.holds,
            "leaving": self.reserved,
            "limit": self.limit,
        }


class Page[T](NamedTuple):
    """A part of a list, and after which instant the next begins; None where this is the end."""

    rows: tuple[T, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class NodeBooks:
    """The books of a co-op, as one of its members may read them."""

    node: MemberNode

    async def calendars(self) -> dict[str, MarketCalendar]:
        """Ask for every market with its rules."""
        answered = await self.node.ask(f"{self._coop}/markets")
        return agreed(lambda: read_calendars(answered))

    async def zone(self, market: str) -> str:
        """Ask in which zone of a market the member is."""
        answered = await self.node.ask(f"{self.node.path}/terms/{market}")
        return agreed(lambda: _zone_name(Fields(answered, "terms")))

    async def published(self, market: str, start: int, count: int) -> tuple[Published, ...]:
        """Ask for some intervals from the one in which an instant lies."""
        path = f"{self._coop}/markets/{market}/intervals?start={start}&limit={count}"
        answered = await self.node.ask(path)
        return agreed(lambda: _list(answered, _published))

    async def cleared(self, market: str, after: int) -> Page[Cleared]:
        """Ask what intervals were cleared to that begin after an instant, as for everybody."""
        path = f"{self._coop}/markets/{market}/cleared?after={after}&limit={PAGE}"
        answered = await self.node.ask(path)
        rows = agreed(lambda: _list(answered, _cleared))
        return _page(rows, after, lambda row: row.start)

    async def cleared_in_full(self, market: str, start: int) -> Cleared:
        """Ask for an interval with the prices that only members may know, two days long."""
        path = f"{self._coop}/markets/{market}/cleared/{start}/book"
        answered = await self.node.ask(path)

        def read() -> Cleared:
            fields = Fields(answered, "book")
            figures = Fields(fields.take("figures"), "figures")
            return Cleared(start, voided=False, zones=_zones(figures))

        return agreed(read)

    async def settled(self, market: str, after: int, count: int = PAGE) -> Page[SettledRow]:
        """Ask for the member's settled intervals that begin after an instant.

        Where the list goes on says the public one: it has those that were not the member's.
        """
        query = f"settlements?after={after}&limit={count}"
        public = await self.node.ask(f"{self._coop}/markets/{market}/{query}")
        starts = agreed(lambda: _list(public, _start))
        path = f"{self.node.path}/settlements/{market}?after={after}&limit={count}"
        answered = await self.node.ask(path) if starts else []
        rows = agreed(lambda: _list(answered, read_settled))
        _page(rows, after, lambda row: row.start)
        return Page(rows, _page(starts, after, lambda start: start).after)

    async def is_final(self, market: str, start: int) -> bool:
        """Ask whether an interval that was settled can no longer be corrected."""
        path = f"{self._coop}/markets/{market}/settlements?after={start - 1}&limit=1"
        answered = await self.node.ask(path)
        return agreed(lambda: any(_list(answered, _final)))

    async def neighbourhood(self, market: str, start: int) -> Neighbourhood | None:
        """Ask what all members did together in an interval."""
        path = f"{self._coop}/markets/{market}/settlements?after={start - 1}&limit=1"
        answered = await self.node.node.ask(path)
        return next(iter(agreed(lambda: _list(answered, read_neighbourhood))), None)

    async def purse(self) -> Purse:
        """Ask for the member's money."""
        answered = await self.node.ask(f"{self.node.path}/accounts")

        def read() -> Purse:
            found = Fields(answered, "accounts").array("accounts", _MAX_ACCOUNTS, read_purse)
            for purse in found:
                if purse is not None:
                    return purse
            msg = "none of the accounts is for money"
            raise BodyError(msg)

        return agreed(read)

    @property
    def _coop(self) -> str:
        return self.node.node.path


@dataclass(frozen=True, slots=True)
class Traded:
    """What a gate gave this member, as an event tells it; of a voided interval, nothing."""

    market: str
    start: int
    voided: bool
    zone: str
    buyers: int | None
    sellers: int | None
    bought: int
    sold: int

    @classmethod
    def read(cls, data: dict[str, object]) -> Self:
        """Read an event's data, or raise a BodyError."""
        fields = Fields(data, "cleared")
        market, start = fields.text("market", MARKET), fields.time("start")
        if fields.true("voided"):
            return cls(market, start, voided=True, zone="", buyers=None, sellers=None,
                       bought=0, sold=0)  # fmt: skip
        return cls(
            market,
            start,
            voided=False,
            zone=_zone_name(fields),
            buyers=_price(fields, "buyers"),
            sellers=_price(fields, "sellers"),
            bought=fields.integer("bought", 0, MAX_ENERGY),
            sold=fields.integer("sold", 0, MAX_ENERGY),
        )


class MarketPlace(NamedTuple):
    """An interval of a market."""

    market: str
    start: int


def read_place(data: dict[str, object]) -> MarketPlace:
    """Read which interval an event speaks of, or raise a BodyError."""
    fields = Fields(data, "event")
    return MarketPlace(fields.text("market", MARKET), fields.time("start"))


def _list[T](answered: object, read: Callable[[object, str], T]) -> tuple[T, ...]:
    return Fields({"list": answered}, "answer").array("list", PAGE, read)


def _page[T](rows: tuple[T, ...], after: int, start_of: Callable[[T], int]) -> Page[T]:
    """Check that a list goes forward, so that asking for the rest comes to an end."""
    last = after
    for row in rows:
        if start_of(row) <= last:
            msg = f"a list of what begins after {last} has {start_of(row)}"
            raise StrangeAnswerError(msg)
        last = start_of(row)
    return Page(rows, last if rows else None)


def _published(value: object, path: str) -> Published:
    fields = Fields(value, path)
    return Published(
        start=fields.integer("start", 0, MAX_TIME),
        retail=fields.integer("retail", -MAX_PRICE, MAX_PRICE),
        feed_in=fields.integer("feed_in", -MAX_PRICE, MAX_PRICE),
        pool_price=_price(fields, "pool_price"),
    )


def _cleared(value: object, path: str) -> Cleared:
    fields = Fields(value, path)
    start, voided = fields.integer("start", 0, MAX_TIME), fields.take("voided") is True
    return Cleared(start, voided, {} if voided else _zones(fields))


def _zones(fields: Fields) -> dict[str, ZoneResult]:
    zones = fields.json_object("zones")
    if len(zones) > _MAX_ZONES:
        msg = f"{len(zones)} zones"
        raise BodyError(msg)
    return {name: _zone(value, name) for name, value in zones.items()}


def _zone(value: object, path: str) -> ZoneResult:
    fields = Fields(value, path)
    # One price for both sides, or one for each: the clearing's rule decides.
    both = _optional_price(fields, "price")
    buyers, sellers = _optional_price(fields, "buyers"), _optional_price(fields, "sellers")
    volume = fields.integer("bought", 0, MAX_AMOUNT) if "bought" in fields else None
    return ZoneResult(
        both if buyers is None else buyers, both if sellers is None else sellers, volume
    )


def read_settled(value: object, path: str) -> SettledRow:
    """Read a settled interval of the member's, or raise a BodyError."""
    fields = Fields(value, path)
    figures = Fields(fields.take("figures"), f"{path}.figures")

    def energy(name: str, low: int = 0) -> int:
        return figures.integer(name, low, MAX_ENERGY)

    def money(name: str, *less: str) -> int:
        amount = figures.integer(name, -MAX_AMOUNT, MAX_AMOUNT) - sum(map(money, less))
        return bounded(name, amount)

    def bounded(name: str, amount: int) -> int:
        return integer(amount, figures.path(name), -MAX_AMOUNT, MAX_AMOUNT)

    price = _price(figures, "prices.trade")
    errors = _error_cost(figures, price, energy("trade.undelivered"), energy("trade.unused"))
    charges = ("charges.grid_fee", "charges.levies", "charges.coop_fee", "charges.vat")
    return SettledRow(
        start=fields.integer("start", 0, MAX_TIME),
        entry=fields.integer("entry", 0, MAX_COUNT),
        final=fields.take("final") is True,
        zone=_zone_name(fields),
        quality=figures.integer("metered.quality", 0, 2),
        bought=energy("traded.bought"),
        sold=energy("traded.sold"),
        price=price,
        imported=energy("metered.imported"),
        exported=energy("metered.exported"),
        delivered_in=energy("trade.delivered_in"),
        delivered_out=energy("trade.delivered_out"),
        pooled_in=energy("pool.taken"),
        pooled_out=energy("pool.given"),
        # After a correction more can have been delivered than the meter then shows.
        grid_in=energy("grid.imported", -MAX_ENERGY),
        grid_out=energy("grid.exported", -MAX_ENERGY),
        pays=money("pays"),
        receives=money("receives"),
        fees=bounded("charges", sum(money(name) for name in charges)),
        errors=bounded("trade", errors),
        trade_cost=money("trade.purchase", "trade.refund", "trade.cover"),
        trade_revenue=money("trade.sale", "trade.shortfall", "trade.handed_back"),
        pool_cost=money("pool.cost"),
        pool_revenue=money("pool.revenue"),
        grid_cost=money("grid.cost"),
        grid_revenue=money("grid.revenue"),
    )


def _error_cost(figures: Fields, price: int | None, undelivered: int, unused: int) -> int:
    """Work out what an order's errors cost against an order that had foreseen them."""
    cover, back = (_price(figures, name) for name in ("prices.cover", "prices.back"))
    if price is None or cover is None or back is None:
        return 0
    return undelivered * (cover - price) + unused * (price - back)


def _final(value: object, path: str) -> bool:
    return Fields(value, path).take("final") is True


def _start(value: object, path: str) -> int:
    return Fields(value, path).integer("start", 0, MAX_TIME)


def read_purse(value: object, path: str = "purse") -> Purse | None:
    """Read an account if it is the one for money, or raise a BodyError."""
    fields = Fields(value, path)
    if fields.take("kind") != _MONEY:
        return None
    return Purse(
        asset=fields.words("asset", _MAX_NAME),
        decimals=fields.integer("decimals", 0, _MAX_DECIMALS),
        holds=fields.integer("holds", -MAX_AMOUNT, MAX_AMOUNT),
        reserved=fields.integer("leaving", 0, MAX_AMOUNT),
        limit=fields.integer("limit", -MAX_AMOUNT, MAX_AMOUNT),
    )


def _zone_name(fields: Fields) -> str:
    return fields.words("zone", _MAX_NAME)


def _optional_price(fields: Fields, name: str) -> int | None:
    return _price(fields, name) if name in fields else None


def _price(fields: Fields, name: str) -> int | None:
    value = fields.take(name)
    if value is None:
        return None
    return integer(value, fields.path(name), -MAX_PRICE, MAX_PRICE)
