"""One interval of a market, settled: from what its members traded and metered to their lines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from depin_protocol.metering import Quality
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.member_terms import MemberTerms
from depin_protocol.settlement import interval as protocol
from depin_protocol.settlement.interval import Accounts
from depin_protocol.settlement.metered import Metered, MeterEnergy, Told
from depin_protocol.settlement.settled_member import Prices, SettledMember, Traded
from depin_protocol.settlement.trades import cancel_own
from settlement_node.log.entries import Decision
from settlement_node.market.trading.cleared import Cleared

SETTLED: Final = "settled"


class Participant(NamedTuple):
    """All that is known of one member's interval."""

    member: str
    terms: MemberTerms
    traded: Traded
    meters: tuple[MeterEnergy, ...]
    told: Told
    metered: Metered
    certificates: int
    prefers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """Which interval, and what holds in it."""

    market: str
    start: int
    end: int
    rules: MarketRules


@dataclass(frozen=True, slots=True)
class SettledInterval:
    """What settlement said: each member's line, in tie order, and what the accounts receive."""

    interval: Interval
    members: tuple[SettledMember, ...]
    accounts: Accounts

    def decision(self) -> Decision:
        """Write the decision: sums for everybody, where enough took part, and members' lines."""
        interval = self.interval
        # Who is missing adds nothing that the others' values could hide in.
        enough = sum(one.is_known for one in self.members) >= interval.rules.k
        result: dict[str, object] = {
            "market": interval.market,
            "start": interval.start,
            "end": interval.end,
            "figures": self._figures() if enough else None,
        }
        return Decision(SETTLED, result, tuple(one.line() for one in self.members))

    def _figures(self) -> dict[str, object]:
        sums: Counter[str] = Counter()
        for one in self.members:
            metered, lines = one.metered, one.lines
            sums["imported"] += metered.imported
            sums["exported"] += metered.exported
            sums["produced"] += metered.produced
            sums["bought"] += lines.trade.delivered_in + lines.trade.unused + lines.trade.uncovered
            sums["delivered"] += lines.trade.delivered_in
            sums["pooled"] += lines.pool.taken
            sums["certified"] += lines.certificates.received
            sums["missing"] += not one.is_known
            sums["estimated"] += metered.quality is Quality.ESTIMATED
        return {"members": len(self.members), **sums}


def settle(
    interval: Interval, members: Sequence[Participant], cleared: Cleared | None
) -> SettledInterval:
    """Settle the members, given in tie order."""
    rules = interval.rules
    zones = {zone.name: number for number, zone in enumerate(rules.zones.zones)}
    prices: list[protocol.ZonePrices | None] = [None] * len(zones)
    for zone, price in ({} if cleared is None else cleared.prices).items():
        if price.buyers is not None and price.sellers is not None:
            prices[zones[zone]] = protocol.ZonePrices(price.buyers, price.sellers)
    places = {one.member: place for place, one in enumerate(members)}
    done = protocol.settle(
        protocol.Terms(rules.references, rules.charges, rules.pool),
        prices,
        [_member(one, zones, places) for one in members],
        0 if cleared is None else cleared.crossing_fees,
    )
    paid = [_price(one, prices[zones[one.terms.zone]]) for one in members]
    traded = [price for price in paid if price is not None]
    cover = max([rules.references.retail, *traded])
    back = min([rules.references.feed_in, *traded])
    pool = None if rules.pool is None else rules.pool.price
    shared: dict[int, Prices] = {}
    preferred: dict[int, list[tuple[str, int]]] = {}
    for item in done.certificates.roofs.preferred:
        home = members[item.producer].member
        preferred.setdefault(item.consumer, []).append((home, item.wh))
    roofs = done.certificates.roofs
    rows = zip(members, done.members, paid, roofs.into_pool, roofs.from_pool, strict=True)
    return SettledInterval(
        interval,
        tuple(
            SettledMember(
                one.member,
                one.terms,
                one.traded,
                one.meters,
                one.told,
                one.metered,
                one.certificates,
                _shared(shared, price, cover, back, pool),
                lines,
                into_mix,
                from_mix,
                tuple(preferred.get(place, ())),
            )
            for place, (one, lines, price, into_mix, from_mix) in enumerate(rows)
        ),
        done.accounts,
    )


def _member(one: Participant, zones: dict[str, int], places: dict[str, int]) -> protocol.Member:
    terms, metered = one.terms, one.metered
    return protocol.Member(
        terms.retail,
        terms.feed_in,
        metered.imported,
        metered.exported,
        one.traded.bought,
        one.traded.sold,
        zones[terms.zone],
        terms.pool_weight,
        metered.produced,
        metered.own_use,
        one.certificates,
        tuple(places[home] for home in one.prefers if home in places),
    )


def _price(one: Participant, prices: protocol.ZonePrices | None) -> int | None:
    """Say at which price a member's net trade settles, None where it has none."""
    bought, sold = cancel_own(one.traded.bought, one.traded.sold)
    if prices is None or not (bought or sold):
        return None
    return prices.buyers if bought else prices.sellers


def _shared(
    known: dict[int, Prices], trade: int | None, cover: int, back: int, pool: int | None
) -> Prices:
    """Give the same prices to all who traded at the same one."""
    key = -(2**63) if trade is None else trade
    found = known.get(key)
    if found is None:
        found = known[key] = Prices(trade, cover, back, pool)
    return found
