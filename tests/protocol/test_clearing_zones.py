"""Markets of zones against HiGHS, and against what their prices, flows and fills must be."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.clearing.book import Book, Order, Side
from depin_protocol.clearing.uniform import Clearing, SellerShareError, clear
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneError, ZoneTree
from depin_protocol.clearing.zones import MarketClearing, clear_market
from tests.protocol.drawn_books import HIGHEST, Sides, book, fills_by_member, shares, sides
from tests.protocol.drawn_zones import (
    Market,
    best,
    drawn_market,
    drawn_parents,
    markets,
    price_range,
    welfare,
)

FREE = Way(0, 1000)


def said(clearing: Clearing) -> tuple[object, ...]:
    """Give everything that is said of a zone, in comparable form."""
    fills = clearing.bid_fills.tolist(), clearing.ask_fills.tolist()
    both = clearing.price, clearing.band, clearing.limits, clearing.bought, clearing.sold
    return *both, *fills


def cleared(market: Market, share: tuple[int, int] = (1, 2)) -> MarketClearing:
    return clear_market(market.tree, market.books, share)


def traded(result: MarketClearing) -> int:
    return sum(zone.bought for zone in result.zones.values())


@given(sides, shares)
def test_a_market_of_one_zone_clears_as_its_book(drawn: Sides, share: tuple[int, int]) -> None:
    orders = Book.of(*drawn)
    market = clear_market(ZoneTree.single("town"), {"town": orders}, share)
    assert said(market.zones["town"]) == said(clear(orders, share))
    assert (list(market.zones), market.outcome.flows) == (["town"], {})
    assert (market.fees, market.rent) == (0, 0)


@pytest.mark.parametrize("first", range(0, 2000, 100))
def test_nothing_better_can_be_traded(first: int) -> None:
    """Worth the most that HiGHS finds; and of all that is worth as much, most is traded."""
    for seed in range(first, first + 100):
        random = Random(seed)
        market = drawn_market(random, drawn_parents(random))
        result = cleared(market)
        worth = welfare(market, result)
        assert worth == best(market)
        assert 4 * worth + 2 * traded(result) == best(market, quarters=4, lean=1)


@pytest.mark.parametrize("parents", [list(range(9)), [0] * 9, [0, 0, 1, 1, 2, 2, 3, 3, 4]])
def test_nothing_better_can_be_traded_in_ten_zones(parents: list[int]) -> None:
    """In a chain, a star and a tree."""
    for seed in range(100):
        market = drawn_market(Random(seed), parents)
        result = cleared(market)
        worth = welfare(market, result)
        assert worth == best(market)
        assert 4 * worth + 2 * traded(result) == best(market, quarters=4, lean=1)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_a_band_holds_every_price_that_a_zone_can_have(first: int) -> None:
    """As each fill and each flow alone demands."""
    for seed in range(first, first + 50):
        random = Random(seed)
        market = drawn_market(random, drawn_parents(random, 4))
        result = cleared(market)
        for name, zone in result.zones.items():
            if zone.band is not None:
                assert zone.band == price_range(market, result, name)


def flows_as_documented(market: Market) -> dict[str, int]:
    """Follow the protocol's text, price by price and without any merging."""
    zones, below = market.tree.from_the_top(), market.tree.below()
    reach = 4 * (HIGHEST + sum(zone.up.fee + zone.down.fee for zone in zones)) + 2

    def of_book(name: str, q: int) -> int:
        bids, asks = market.books[name].bids, market.books[name].asks
        taken = int(bids.wh[4 * bids.price + 1 > q].sum())
        return int(asks.wh[4 * asks.price - 1 <= q].sum()) - taken

    def of_whole(zone: Zone, q: int) -> int:
        return of_book(zone.name, q) + sum(seen_above(child, q) for child in below[zone.name])

    def seen_above(zone: Zone, q: int) -> int:
        given, taken = of_whole(zone, q - 4 * zone.up.fee), of_whole(zone, q + 4 * zone.down.fee)
        return min(max(given, 0), zone.up.capacity) + max(min(taken, 0), -zone.down.capacity)

    flows: dict[str, int] = {}
    for zone in zones:
        due = flows.get(zone.name, 0)
        if not below[zone.name] or of_whole(zone, -reach) == of_whole(zone, reach):
            flows |= {child.name: 0 for child in below[zone.name]}
            continue
        steps = (
            q for q in range(1 - reach, reach + 1) if of_whole(zone, q) > of_whole(zone, q - 1)
        )
        q = next(q for q in steps if of_whole(zone, q) >= due)
        least, most = (
            [of_book(zone.name, at), *(seen_above(child, at) for child in below[zone.name])]
            for at in (q - 1, q)
        )
        room = [upper - lower for lower, upper in zip(least, most, strict=True)]
        upto = [
            sum(room[:count]) * (due - sum(least)) // sum(room) for count in range(len(room) + 1)
        ]
        for place, child in enumerate(below[zone.name], 1):
            flows[child.name] = least[place] + upto[place + 1] - upto[place]
    return flows


@pytest.mark.long
def test_flows_are_those_of_the_protocols_text() -> None:
    for seed in range(300):
        random = Random(seed)
        market = drawn_market(random, drawn_parents(random, 4))
        assert cleared(market).outcome.flows == flows_as_documented(market)


@given(markets(), shares)
def test_every_order_is_filled_as_its_zones_price_says(
    market: Market, share: tuple[int, int]
) -> None:
    result = cleared(market, share)
    for name, orders in market.books.items():
        zone = result.zones[name]
        bid_fills, ask_fills = zone.bid_fills.tolist(), zone.ask_fills.tolist()
        assert (sum(bid_fills), sum(ask_fills)) == (zone.bought, zone.sold)
        if zone.price is None or zone.band is None:
            assert (zone.bought, zone.sold, zone.band) == (0, 0, None)
            continue
        low, high = zone.band
        assert zone.price == low + (high - low) * share[0] // share[1]
        for side, fills, sign in ((orders.bids, bid_fills, 1), (orders.asks, ask_fills, -1)):
            for price, wh, fill in zip(side.price.tolist(), side.wh.tolist(), fills, strict=True):
                gain = (price - zone.price) * sign
                assert 0 <= fill <= wh
                assert not fill or gain >= 0
                assert fill == wh or gain <= 0


@given(markets(), shares)
def test_flows_keep_to_the_capacities_and_prices_to_the_flows(
    market: Market, share: tuple[int, int]
) -> None:
    result = cleared(market, share)
    sent = Counter[str]()
    for zone, parent in market.tree.edges():
        flow = result.outcome.flows[zone.name]
        sent[zone.name] += flow
        sent[parent] -= flow
        assert -zone.down.capacity <= flow <= zone.up.capacity
        lower, upper = result.zones[zone.name].price, result.zones[parent].price
        if lower is None or upper is None:
            assert flow == 0
            continue
        for way, used, rise in ((zone.up, flow, upper - lower), (zone.down, -flow, lower - upper)):
            assert used <= 0 or rise >= way.fee
            assert used >= way.capacity or rise <= way.fee
    for name, cleared_zone in result.zones.items():
        assert cleared_zone.sold - cleared_zone.bought == sent[name]


@given(markets(), shares)
def test_buyers_pay_what_sellers_the_fees_and_the_rent_receive(
    market: Market, share: tuple[int, int]
) -> None:
    result = cleared(market, share)
    paid = received = 0
    for zone in result.zones.values():
        paid += (zone.price or 0) * zone.bought
        received += (zone.price or 0) * zone.sold
    assert paid == received + result.fees + result.rent
    fees = rent = 0
    for lower, parent in market.tree.edges():
        flow = result.outcome.flows[lower.name]
        way = lower.up if flow > 0 else lower.down
        rise = (result.zones[parent].price or 0) - (result.zones[lower.name].price or 0)
        fees += abs(flow) * way.fee
        rent += flow * rise - abs(flow) * way.fee
        assert abs(flow) == way.capacity or flow * rise == abs(flow) * way.fee
    assert (result.fees, result.rent) == (fees, rent)
    assert result.rent >= 0


@given(markets(), shares, st.randoms(use_true_random=False))
def test_the_order_of_arrival_and_of_the_zones_changes_nothing(
    market: Market, share: tuple[int, int], random: Random
) -> None:
    one = cleared(market, share)
    places = {name: shuffled(random, orders) for name, orders in market.books.items()}
    zones = market.tree.zones
    mixed = Market(ZoneTree(tuple(random.sample(zones, len(zones)))), places)
    other = cleared(mixed, share)
    assert one.outcome.flows == other.outcome.flows
    for name, zone in one.zones.items():
        again = other.zones[name]
        assert (zone.price, zone.band, zone.limits) == (again.price, again.band, again.limits)
        for side in ("bid", "ask"):
            fills = [getattr(clearing, f"{side}_fills").tolist() for clearing in (zone, again)]
            books = [getattr(books[name], f"{side}s") for books in (market.books, places)]
            assert fills_by_member(books[0], fills[0]) == fills_by_member(books[1], fills[1])


def shuffled(random: Random, orders: Book) -> Book:
    def mixed(side: Side) -> Side:
        order = random.sample(range(side.wh.size), side.wh.size)
        return Side(side.price[order], side.wh[order], side.member[order])

    return Book(mixed(orders.bids), mixed(orders.asks))


@given(markets(), shares, st.randoms(use_true_random=False))
def test_names_decide_about_the_odd_wh_alone(
    market: Market, share: tuple[int, int], random: Random
) -> None:
    """Prices, welfare and volume stay, and no flow moves by more than each zone's odd Wh."""
    names = [zone.name for zone in market.tree.zones]
    new = dict(zip(names, random.sample(names, len(names)), strict=True))
    zones = [
        replace(zone, name=new[zone.name], parent=new[zone.parent] if zone.parent else None)
        for zone in market.tree.zones
    ]
    books = {new[name]: orders for name, orders in market.books.items()}
    one, other = cleared(market, share), cleared(Market(ZoneTree(tuple(zones)), books), share)
    assert (traded(one), one.rent) == (traded(other), other.rent)
    for name, zone in one.zones.items():
        if zone.band and other.zones[new[name]].band:
            assert zone.band == other.zones[new[name]].band
    for name, flow in one.outcome.flows.items():
        assert abs(flow - other.outcome.flows[new[name]]) <= 2 * len(names)


@given(markets(), shares)
def test_zones_without_borders_clear_as_one(market: Market, share: tuple[int, int]) -> None:
    """At one price, with the same volume; a zone's fill is off by the zones' odd Wh at most."""
    zones = [
        replace(zone, up=FREE, down=FREE) if zone.parent else zone for zone in market.tree.zones
    ]
    open_market = cleared(Market(ZoneTree(tuple(zones)), market.books), share)
    members = {name: number for number, name in enumerate(market.books)}

    def together(sides: Iterator[tuple[str, Side]]) -> list[Order]:
        return [
            Order(wh, price, members[name])
            for name, side in sides
            for price, wh in zip(side.price.tolist(), side.wh.tolist(), strict=True)
        ]

    whole = Book.of(
        together((name, orders.bids) for name, orders in market.books.items()),
        together((name, orders.asks) for name, orders in market.books.items()),
    )
    alone = clear(whole, share)
    assert traded(open_market) == alone.volume
    bought, sold = Counter[int](), Counter[int]()
    for side, fills, sums in (
        (whole.bids, alone.bid_fills, bought),
        (whole.asks, alone.ask_fills, sold),
    ):
        for member, fill in zip(side.member.tolist(), fills.tolist(), strict=True):
            sums[member] += fill
    for name, zone in open_market.zones.items():
        if zone.price is not None:
            assert (zone.price, zone.band) == (alone.price, alone.band)
        assert abs(zone.bought - bought[members[name]]) <= len(zones)
        assert abs(zone.sold - sold[members[name]]) <= len(zones)


@given(markets(), st.data())
def test_splitting_an_order_changes_nothing(market: Market, data: st.DataObject) -> None:
    full = [name for name, orders in market.books.items() if (orders.bids.wh > 1).any()]
    if not full:
        return
    name = data.draw(st.sampled_from(full))
    bids, asks = (
        [
            Order(*row)
            for row in zip(s.wh.tolist(), s.price.tolist(), s.member.tolist(), strict=True)
        ]
        for s in (market.books[name].bids, market.books[name].asks)
    )
    at = data.draw(st.sampled_from([i for i, bid in enumerate(bids) if bid.wh > 1]))
    part = data.draw(st.integers(1, bids[at].wh - 1))
    halves = [bids[at]._replace(wh=part), bids[at]._replace(wh=bids[at].wh - part)]
    split = Book.of([*bids[:at], *halves, *bids[at + 1 :]], asks)
    one, other = cleared(market), cleared(Market(market.tree, {**market.books, name: split}))
    assert one.outcome == other.outcome
    assert fills_by_member(market.books[name].bids, one.zones[name].bid_fills.tolist()) == (
        fills_by_member(split.bids, other.zones[name].bid_fills.tolist())
    )


def town_and(*streets: Zone) -> ZoneTree:
    return ZoneTree((Zone("town"), *streets))


def test_what_is_left_is_shared_between_zones_by_what_they_offer_at_the_price() -> None:
    """20 Wh wanted; 30 and 10 Wh offered at the same price in two streets."""
    tree = town_and(Zone("east", "town", FREE, FREE), Zone("west", "town", FREE, FREE))
    market = clear_market(
        tree,
        {"town": book([(20, 9)], []), "east": book([], [(30, 5)]), "west": book([], [(10, 5)])},
    )
    assert market.outcome.flows == {"east": 15, "west": 5}
    assert {zone.price for zone in market.zones.values()} == {5}


def test_an_odd_wh_goes_by_the_books_place_then_by_name() -> None:
    """Two Wh for three sellers of one each: the sums 1, 2, 3 of them are due 0, 1, 2."""
    tree = town_and(Zone("b", "town", FREE, FREE), Zone("a", "town", FREE, FREE))
    market = clear_market(
        tree, {"town": book([(2, 9)], [(1, 5)]), "a": book([], [(1, 5)]), "b": book([], [(1, 5)])}
    )
    assert market.outcome.flows == {"a": 1, "b": 1}


def test_a_full_edge_earns_a_rent_and_a_free_one_none() -> None:
    """5 of 9 Wh pass at a fee of 2: from 3 to 10, so the edge keeps 5 Wh x (7 - 2)."""
    tree = town_and(Zone("street", "town", Way(2, 5), FREE))
    market = clear_market(tree, {"town": book([(8, 10)], []), "street": book([], [(9, 3)])})
    assert {name: zone.price for name, zone in market.zones.items()} == {"town": 10, "street": 3}
    assert (market.outcome.flows, market.fees, market.rent) == ({"street": 5}, 10, 25)
    wide = town_and(Zone("street", "town", Way(2, 9), FREE))
    market = clear_market(wide, {"town": book([(8, 10)], []), "street": book([], [(9, 3)])})
    assert {name: zone.price for name, zone in market.zones.items()} == {"town": 5, "street": 3}
    assert (market.outcome.flows, market.fees, market.rent) == ({"street": 8}, 16, 0)


def test_a_fee_no_larger_than_the_spread_is_worth_paying() -> None:
    """At a spread of 7, a fee of 7 leaves a trade that gains nothing, and 8 leaves none."""
    for fee, flow, prices in ((7, 4, {3, 10}), (8, 0, {None})):
        tree = town_and(Zone("street", "town", Way(fee, 99), FREE))
        market = clear_market(tree, {"town": book([(4, 10)], []), "street": book([], [(4, 3)])})
        assert market.outcome.flows == {"street": flow}
        assert {zone.price for zone in market.zones.values()} == prices


def test_a_zone_has_a_price_if_anything_passes_and_none_if_it_is_left_aside() -> None:
    """From the farm over the street to the town, past a hamlet that nobody serves."""
    tree = town_and(
        Zone("street", "town", Way(1, 9), Way(1, 9)),
        Zone("farm", "street", Way(2, 9), Way(2, 9)),
        Zone("hamlet", "street", Way(50, 9), Way(50, 9)),
    )
    empty = book([], [])
    market = clear_market(
        tree,
        {
            "town": book([(6, 10)], []),
            "street": empty,
            "farm": book([], [(6, 1)]),
            "hamlet": book([(5, 20)], []),
        },
    )
    prices = {name: zone.price for name, zone in market.zones.items()}
    assert prices == {"town": 7, "street": 6, "farm": 4, "hamlet": None}
    assert market.zones["town"].band == (4, 10)
    assert market.outcome.flows == {"street": 6, "farm": 6, "hamlet": 0}


def test_an_order_that_stays_unfilled_bounds_the_prices_of_its_neighbours() -> None:
    """A bid of 9 in the hamlet, at a fee of 3: for less than 6 it would buy from the street."""
    tree = town_and(Zone("hamlet", "town", Way(3, 9), Way(3, 9)))
    market = clear_market(
        tree, {"town": book([(5, 12)], [(5, 2)]), "hamlet": book([(1, 9)], [])}, (0, 1)
    )
    assert (market.zones["town"].price, market.zones["hamlet"].price) == (6, None)


def test_energy_may_cross_at_prices_below_zero() -> None:
    tree = town_and(Zone("street", "town", Way(1, 9), Way(1, 9)))
    market = clear_market(tree, {"town": book([(4, -2)], []), "street": book([], [(6, -9)])})
    assert {name: zone.price for name, zone in market.zones.items()} == {"town": -8, "street": -9}
    assert (market.fees, market.rent) == (4, 0)


def test_a_chain_at_the_bounds_is_exact() -> None:
    """The largest prices, energies and fees, over edges as wide as they can be."""
    widest = Way(2 * MAX_PRICE // 8, MAX_ENERGY)
    zones = [Zone("z0"), *(Zone(f"z{n}", f"z{n - 1}", widest, widest) for n in range(1, 9))]
    books = {zone.name: book([], []) for zone in zones}
    books["z0"] = book([(MAX_ENERGY, MAX_PRICE)] * 3, [])
    books["z8"] = book([], [(MAX_ENERGY, -MAX_PRICE)] * 3)
    market = clear_market(ZoneTree(tuple(zones)), books)
    assert set(market.outcome.flows.values()) == {MAX_ENERGY}
    assert market.zones["z0"].bid_fills.tolist() == market.zones["z8"].ask_fills.tolist()
    assert market.zones["z0"].bought == MAX_ENERGY
    assert market.fees == 2 * MAX_PRICE * MAX_ENERGY
    assert [zone.price for zone in market.zones.values()] == [
        MAX_PRICE - number * widest.fee for number in range(9)
    ]


def test_books_that_are_not_those_of_the_zones_are_refused() -> None:
    for books in ({}, {"street": book([], [])}):
        with pytest.raises(ZoneError, match="one book for each zone: town"):
            clear_market(ZoneTree.single("town"), books)
    with pytest.raises(SellerShareError):
        clear_market(ZoneTree.single("town"), {"town": book([], [])}, (2, 1))
