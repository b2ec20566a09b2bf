"""All parameters of a market, typed and bounded; what they are is in `docs/market.md`."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from ..bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PARTS, MAX_PRICE
from ..clearing.rule import Rule
from ..clearing.zone_tree import ZoneTree
from ..durations import DAY, HOUR, MINUTE
from ..settlement.charges import Charges, Fees, Taxed, Vat
from ..settlement.pool import Key, PoolRule
from ..settlement.trades import References
from ..statements.fields import BodyError, Fields, ascending, integer, row
from ..statements.timing import Deadlines
from .netting import Netting
from .zone_rows import MAX_ZONES, read_zone, read_zones, zone_rows

LENGTHS: Final = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR)
"""What an interval can last: each divides an hour, so every start is a multiple of its length."""

SERIES: Final = ("band_low", "band_high", "retail", "feed_in", "pool_price")
"""Prices that a market may have declared as they come, rather than once and for all."""

_MAX_TICK: Final = 2**30
_BASIS_POINTS: Final = 10_000
_MAX_K: Final = 1000
_TAXED: Final = {"energy": Taxed.ENERGY, "grid_fee": Taxed.GRID_FEE} | {
    "levies": Taxed.LEVIES,
    "coop_fee": Taxed.COOP_FEE,
}


class Band(NamedTuple):
    """The lowest and the highest price of an order."""

    low: int
    high: int


_BAND: Final = Band(0, 1_000_000)
_REFERENCES: Final = References(300_000, 80_000)
_NO_CHARGES: Final = Charges()
_ONE_ZONE: Final = ZoneTree.single("all")


@dataclass(frozen=True, slots=True)
class MarketRules:
    """What holds in a market: in a version of its rules, or in one interval after its series.

    Times are in milliseconds, prices in the currency's smallest unit per Wh. The defaults are
    for a European co-op in euros of 9 decimals: 1,000 is 0.1 cents a kWh.
    """

    interval: int = 15 * MINUTE
    gate: int = 5 * MINUTE
    """From an order's last moment to the start of its interval."""
    band: Band = _BAND
    tick: int = 100
    """Every limit is a multiple of it."""
    lot_wh: int = 1
    """Every step's Wh is a multiple of it."""
    most_wh: int = 2**20
    """Most Wh that a member may bid, ask, import or export in an interval."""
    clearing: Rule = Rule.UNIFORM
    seller_share: tuple[int, int] = (1, 2)
    references: References = _REFERENCES
    charges: Charges = _NO_CHARGES
    pool: PoolRule | None = None
    reading_deadline: int = 20 * MINUTE
    """From an interval's end until it is settled with what is known."""
    correction: int = 30 * DAY
    """From an interval's end until its settlement is final."""
    k: int = 5
    """Public figures need so many members."""
    lead: int = 5 * HOUR
    """So much earlier than homes' count the orders of those who can read the book."""
    netting: Netting = Netting.NONE
    credit_limit: int = 0
    """How far below zero the orders of who joins may go, until operators set it for a member."""
    zones: ZoneTree = _ONE_ZONE
    series: frozenset[str] = frozenset()
    """Which prices follow a declared series; the value here holds while there is none."""

    @property
    def deadlines(self) -> Deadlines:
        """When the doors close."""
        return Deadlines(self.gate, self.correction)

    @property
    def zone_names(self) -> frozenset[str]:
        """Name every zone."""
        return frozenset(zone.name for zone in self.zones.zones)

    @property
    def top_zone(self) -> str:
        """Name the zone above all others."""
        return next(zone.name for zone in self.zones.zones if zone.parent is None)

    @property
    def exposure(self) -> int:
        """What a Wh can come to at most in settlement: 3 P + 2 f, as docs/protocol.md has it."""
        prices = [*self.band, self.references.retail, self.references.feed_in]
        if self.pool is not None:
            prices.append(self.pool.price)
        fees = max(_sum(self.charges.traded), _sum(self.charges.pooled))
        return 3 * max(map(abs, prices)) + 2 * fees

    @property
    def dearest_cover(self) -> int:
        """What a Wh that was sold and not delivered can come to at most."""
        retail = self.references.retail
        return retail if self._has_one_price else max(retail, self.band.high)

    @property
    def cheapest_return(self) -> int:
        """What a Wh that was bought and not used can bring at least."""
        feed_in = self.references.feed_in
        return feed_in if self._has_one_price else min(feed_in, self.band.low)

    @property
    def wants_whole_lots(self) -> bool:
        """Tell whether some amounts of energy, in whole Wh, cannot be traded."""
        return self.clearing is Rule.MCAFEE or self.lot_wh > 1

    @property
    def _has_one_price(self) -> bool:
        """Tell whether all members trade at one price, whatever their orders are."""
        return self.clearing is Rule.UNIFORM and len(self.zones.zones) == 1

    def to_json(self) -> dict[str, object]:
        """Return every parameter."""
        vat = self.charges.vat
        return {
            "interval": self.interval,
            "gate": self.gate,
            "band": list(self.band),
            "tick": self.tick,
            "lot_wh": self.lot_wh,
            "most_wh": self.most_wh,
            "clearing": self.clearing.value,
            "seller_share": list(self.seller_share),
            "retail": self.references.retail,
            "feed_in": self.references.feed_in,
            "traded": _fees_json(self.charges.traded),
            "pooled": _fees_json(self.charges.pooled),
            "vat": {
                "rate": [vat.numerator, vat.denominator],
                "on": [name for name, part in _TAXED.items() if part in vat.on],
            },
            "pool": None
            if self.pool is None
            else {"price": self.pool.price, "key": self.pool.key.value},
            "reading_deadline": self.reading_deadline,
            "correction": self.correction,
            "k": self.k,
            "lead": self.lead,
            "netting": self.netting.value,
            "credit_limit": self.credit_limit,
            "zones": zone_rows(self.zones),
            "series": [name for name in SERIES if name in self.series],
        }

    @classmethod
    def read(cls, value: object, path: str = "rules") -> Self:
        """Read every parameter within its bounds, or raise a BodyError that names the wrong one."""
        fields = Fields(value, path)
        interval = fields.integer("interval", MINUTE, HOUR)
        if interval not in LENGTHS:
            raise BodyError(f"{path}.interval is not 1, 5, 15, 30 or 60 minutes, in milliseconds")
        rules = cls(
            interval=interval,
            gate=fields.integer("gate", 0, DAY),
            band=_read_band(fields),
            tick=fields.integer("tick", 1, _MAX_TICK),
            lot_wh=fields.integer("lot_wh", 1, MAX_ENERGY),
            most_wh=fields.integer("most_wh", 1, MAX_ENERGY),
            clearing=Rule(fields.one_of("clearing", [rule.value for rule in Rule])),
            seller_share=_fraction(fields, "seller_share"),
            references=_read_references(fields),
            charges=_read_charges(fields),
            pool=_read_pool(fields.take("pool"), f"{path}.pool"),
            reading_deadline=fields.integer("reading_deadline", 0, 7 * DAY),
            correction=fields.integer("correction", 0, 366 * DAY),
            k=fields.integer("k", 1, _MAX_K),
            lead=fields.integer("lead", 0, 7 * DAY),
            netting=Netting(fields.one_of("netting", [one.value for one in Netting])),
            credit_limit=fields.integer("credit_limit", 0, MAX_AMOUNT - 1),
            zones=read_zones(fields.array("zones", MAX_ZONES, read_zone, least=1), f"{path}.zones"),
            series=_read_series(fields),
        )
        fields.finish()
        return rules.checked(path)

    def checked(self, path: str) -> Self:
        """Return these rules if their parameters fit each other."""
        if self.reading_deadline > self.correction:
            raise BodyError(f"{path}.reading_deadline is longer than correction: shorten it")
        if self.clearing is not Rule.UNIFORM and len(self.zones.zones) > 1:
            raise BodyError(f"{path}.clearing: only uniform prices clear a market of several zones")
        if self.lot_wh > self.most_wh:
            raise BodyError(f"{path}.lot_wh is more than most_wh: no order could have a step")
        if "pool_price" in self.series and self.pool is None:
            raise BodyError(f"{path}.series has pool_price, and there is no pool")
        if self.most_wh * self.exposure >= MAX_AMOUNT:
            raise BodyError(
                f"{path}.most_wh at these prices and fees can come to 2^62 smallest units: lower it"
            )
        return self


def _sum(fees: Fees) -> int:
    return fees.grid_fee + fees.levies + fees.coop_fee


def _fees_json(fees: Fees) -> dict[str, object]:
    return {"grid_fee": fees.grid_fee, "levies": fees.levies, "coop_fee": fees.coop_fee}


def _read_band(fields: Fields) -> Band:
    path = fields.path("band")
    low, high = row(fields.take("band"), path, 2)
    band = Band(_price(low, f"{path}[0]"), _price(high, f"{path}[1]"))
    if band.low > band.high:
        raise BodyError(f"{path} has its lowest price above its highest")
    return band


def _read_references(fields: Fields) -> References:
    retail = _price(fields.take("retail"), fields.path("retail"))
    feed_in = _price(fields.take("feed_in"), fields.path("feed_in"))
    if feed_in > retail:
        raise BodyError(f"{fields.path('feed_in')} is above retail: lower it")
    return References(retail, feed_in)


def _read_charges(fields: Fields) -> Charges:
    traded, pooled = (_read_fees(fields.take(name), fields.path(name)) for name in _CHARGED)
    path = fields.path("vat")
    vat = Fields(fields.take("vat"), path)
    numerator, denominator = _fraction(vat, "rate")
    named = vat.array("on", len(_TAXED), _read_taxed)
    vat.finish()
    if len(set(named)) < len(named):
        raise BodyError(f"{path}.on names a part twice")
    on = Taxed.NOTHING
    for part in named:
        on |= part
    if numerator * _BASIS_POINTS % denominator:
        raise BodyError(f"{path}.rate is no whole number of basis points: a bill cannot name it")
    return Charges(traded, pooled, Vat(numerator, denominator, on))


def _read_fees(value: object, path: str) -> Fees:
    fields = Fields(value, path)
    fees = Fees(
        fields.integer("grid_fee", 0, MAX_PRICE),
        fields.integer("levies", 0, MAX_PRICE),
        fields.integer("coop_fee", 0, MAX_PRICE),
    )
    fields.finish()
    return fees


def _read_taxed(value: object, path: str) -> Taxed:
    return _TAXED[Fields({"part": value}, path).one_of("part", _TAXED)]


def _read_pool(value: object, path: str) -> PoolRule | None:
    if value is None:
        return None
    fields = Fields(value, path)
    price = _price(fields.take("price"), f"{path}.price")
    key = Key(fields.one_of("key", [key.value for key in Key]))
    fields.finish()
    return PoolRule(price, key)


def _read_series(fields: Fields) -> frozenset[str]:
    path = fields.path("series")
    named = fields.array("series", len(SERIES), _read_place)
    ascending(named, int, path)
    return frozenset(SERIES[place] for place in named)


def _read_place(value: object, path: str) -> int:
    return SERIES.index(Fields({"series": value}, path).one_of("series", SERIES))


def _fraction(fields: Fields, name: str) -> tuple[int, int]:
    path = fields.path(name)
    numerator, denominator = row(fields.take(name), path, 2)
    below = integer(denominator, f"{path}[1]", 1, MAX_PARTS)
    return integer(numerator, f"{path}[0]", 0, below), below


def _price(value: object, path: str) -> int:
    return integer(value, path, -MAX_PRICE, MAX_PRICE)


_CHARGED: Final = ("traded", "pooled")
