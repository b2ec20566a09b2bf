"""A whole interval: the books close exactly, whatever was traded and metered."""

import dataclasses

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PRICE
from depin_protocol.settlement.charges import Charges, Fees, Vat
from depin_protocol.settlement.interval import (
    Member,
    Settlement,
    Terms,
    ZonePriceError,
    ZonePrices,
    settle,
)
from depin_protocol.settlement.limits import OutOfBoundsError
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.trades import References

type Interval = tuple[Terms, list[ZonePrices | None], list[Member]]

fees = st.builds(Fees, st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
vats = st.integers(1, 100).flatmap(
    lambda denominator: st.builds(Vat, st.integers(0, denominator), st.just(denominator))
)
prices = st.builds(
    lambda sellers, spread: ZonePrices(sellers + spread, sellers),
    st.integers(-20, 70),
    st.integers(0, 9),
)
terms = st.builds(
    Terms,
    references=st.tuples(st.integers(-9, 50), st.integers(-9, 50)).map(
        lambda pair: References(retail=max(pair), feed_in=min(pair))
    ),
    charges=st.builds(Charges, traded=fees, pooled=fees, vat=vats),
    pool=st.none() | st.builds(PoolRule, st.integers(-5, 50), st.sampled_from(Key)),
)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """Draw an interval of up to 7 homes in one zone, or in two where one sends to the other."""
    size = draw(st.integers(1, 7))
    home = st.integers(0, size - 1)
    zone = [draw(st.integers(0, 1)) for _ in range(size)] if draw(st.booleans()) else [0] * size
    cheap = draw(prices)
    rise = draw(st.integers(0, 30))
    dear = cheap.sellers + rise
    zones: list[ZonePrices | None] = [cheap, ZonePrices(dear + draw(st.integers(0, 9)), dear)]
    bought, sold = [0] * size, [0] * size
    for buyer, seller, wh in draw(st.lists(st.tuples(home, home, st.integers(1, 40)), max_size=10)):
        # Energy flows to the dearer zone, never back.
        into, out = (seller, buyer) if zone[seller] > zone[buyer] else (buyer, seller)
        bought[into] += wh
        sold[out] += wh
    members = []
    for row in range(size):
        others = st.lists(st.sampled_from([*range(row), *range(row + 1, size)]), unique=True)
        members.append(
            Member(
                retail=draw(st.integers(-9, 60)),
                feed_in=draw(st.integers(-9, 60)),
                imported=_metered(draw, bought[row]),
                exported=_metered(draw, sold[row]),
                bought=bought[row],
                sold=sold[row],
                zone=zone[row],
                pool_weight=draw(st.integers(0, 4)),
                produced=draw(st.integers(0, 50)),
                own_use=draw(st.integers(0, 50)),
                certificates=draw(st.integers(0, 50)),
                prefers=tuple(draw(others)) if size > 1 else (),
            )
        )
    return draw(terms), zones, members


def _metered(draw: st.DrawFn, traded: int) -> int:
    return draw(st.one_of(st.just(traded), st.integers(0, traded + 30)))


def assert_the_books_close(settlement: Settlement) -> None:
    accounts = sum(dataclasses.astuple(settlement.accounts))
    pays = sum(lines.pays for lines in settlement.members)
    receives = sum(lines.receives for lines in settlement.members)
    assert pays == receives + accounts


@given(intervals())
def test_all_that_members_pay_is_all_that_members_and_accounts_receive(
    interval: Interval,
) -> None:
    settlement = settle(*interval)
    assert_the_books_close(settlement)
    for lines in settlement.members:
        trade, pool, charges = lines.trade, lines.pool, lines.charges
        assert lines.pays == (
            trade.purchase
            + trade.shortfall
            + trade.handed_back
            + pool.cost
            + charges.grid_fee
            + charges.levies
            + charges.coop_fee
            + charges.vat
        )
        assert lines.receives == trade.sale + trade.refund + trade.cover + pool.revenue


@given(intervals())
def test_only_rounding_ever_pays(interval: Interval) -> None:
    accounts = settle(*interval).accounts
    assert -len(interval[2]) < accounts.rounding <= 0
    assert min(dataclasses.astuple(dataclasses.replace(accounts, rounding=0))) >= 0


@given(intervals())
def test_each_account_is_what_its_name_says(interval: Interval) -> None:
    terms, zones, members = interval
    settlement = settle(terms, zones, members)
    lines, accounts = settlement.members, settlement.accounts
    traded = [line.trade.delivered_in for line in lines]
    pooled = [line.pool.taken for line in lines]
    per_wh = terms.charges
    for account, name in (
        (accounts.grid_fees, "grid_fee"),
        (accounts.levies, "levies"),
        (accounts.coop_fee, "coop_fee"),
    ):
        of_trades, of_pool = getattr(per_wh.traded, name), getattr(per_wh.pooled, name)
        assert account == of_trades * sum(traded) + of_pool * sum(pooled)
    for member, line in zip(members, lines, strict=True):
        zone = zones[member.zone]
        energy = zone.buyers * line.trade.delivered_in if zone else 0
        charged = line.charges.grid_fee + line.charges.levies + line.charges.coop_fee
        assert line.charges.taxable == max(0, energy + line.pool.cost + charged)
    assert accounts.vat + accounts.rounding == sum(line.charges.vat for line in lines)
    surplus = 0
    for member in members:
        zone = zones[member.zone]
        spread = zone.buyers - zone.sellers if zone else 0
        surplus += spread * max(0, member.bought - member.sold)
    assert accounts.mechanism_surplus == surplus
    rise = zones[1].sellers - zones[0].sellers if zones[0] and zones[1] else 0
    flow = sum(member.bought - member.sold for member in members if member.zone == 1)
    assert accounts.congestion_rent == rise * flow


@given(intervals(), st.integers(-3, 60))
def test_the_edges_fees_come_out_of_what_the_zones_prices_collect(
    interval: Interval, fees: int
) -> None:
    before = settle(*interval).accounts
    if not 0 <= fees <= before.congestion_rent:
        with pytest.raises(ZonePriceError, match="give one clearing's"):
            settle(*interval, fees)
        return
    after = settle(*interval, fees).accounts
    assert after == dataclasses.replace(
        before,
        grid_fees=before.grid_fees + fees,
        congestion_rent=before.congestion_rent - fees,
    )


@given(intervals())
def test_each_metered_watt_hour_is_traded_pooled_or_the_grids(interval: Interval) -> None:
    settlement = settle(*interval)
    for member, lines in zip(interval[2], settlement.members, strict=True):
        grid = lines.grid
        assert member.imported == lines.trade.delivered_in + lines.pool.taken + grid.imported
        assert member.exported == lines.trade.delivered_out + lines.pool.given + grid.exported
        assert min(grid.imported, grid.exported) >= 0
        assert (grid.cost, grid.revenue) == (
            member.retail * grid.imported,
            member.feed_in * grid.exported,
        )


@given(intervals())
def test_certificates_follow_what_was_delivered_and_pooled(interval: Interval) -> None:
    settlement = settle(*interval)
    for lines in settlement.members:
        certificates = lines.certificates
        assert certificates.passed + certificates.given_unattributed == (
            lines.trade.delivered_out + lines.pool.given
        )
        assert certificates.received + certificates.received_unattributed == (
            lines.trade.delivered_in + lines.pool.taken
        )


@given(intervals(), st.data())
def test_another_tie_order_moves_only_shares(interval: Interval, data: st.DataObject) -> None:
    terms, zones, members = interval
    members = [dataclasses.replace(member, prefers=()) for member in members]
    order = data.draw(st.permutations(range(len(members))))
    before = settle(terms, zones, members)
    after = settle(terms, zones, [members[row] for row in order])
    for account in ("balancing", "congestion_rent", "mechanism_surplus"):
        assert getattr(before.accounts, account) == getattr(after.accounts, account)
    for place, row in enumerate(order):
        old, new = before.members[row].trade, after.members[place].trade
        for line in ("undelivered", "unused", "purchase", "sale", "shortfall", "refund"):
            assert getattr(old, line) == getattr(new, line)
        assert abs(old.delivered_in - new.delivered_in) <= 1
        assert abs(old.delivered_out - new.delivered_out) <= 1


@given(st.sampled_from([1, 7, 2**21, MAX_ENERGY]), st.integers(-MAX_PRICE, MAX_PRICE))
def test_the_books_close_at_the_bounds_or_the_interval_is_refused(wh: int, price: int) -> None:
    terms = Terms(
        References(MAX_PRICE, -MAX_PRICE),
        Charges(Fees(1, 2, 3), Fees(3, 2, 1), Vat(2**31 - 1, 2**31)),
        PoolRule(price, Key.HYBRID),
    )
    seller = Member(MAX_PRICE, -MAX_PRICE, exported=wh // 2, sold=wh, pool_weight=MAX_ENERGY)
    buyer = Member(MAX_PRICE, -MAX_PRICE, imported=wh // 3, bought=wh, pool_weight=1)
    zones = [ZonePrices(price, price)]
    if wh < MAX_ENERGY:
        assert_the_books_close(settle(terms, zones, [seller, buyer]))
    else:
        assert MAX_PRICE * (wh // 2) >= MAX_AMOUNT
        with pytest.raises(OutOfBoundsError):
            settle(terms, zones, [seller, buyer])


def test_one_members_own_tariff_refuses_nobodys_interval() -> None:
    terms = Terms(References(30, 8), Charges())
    greedy = Member(MAX_PRICE, -MAX_PRICE, imported=MAX_ENERGY, exported=MAX_ENERGY)
    seller = Member(30, 8, exported=5, sold=5)
    buyer = Member(30, 8, imported=5, bought=5)
    lines = settle(terms, [ZonePrices(20, 20)], [greedy, seller, buyer]).members
    assert [line.receives - line.pays for line in lines] == [0, 100, -100]
    assert lines[0].grid.cost == -lines[0].grid.revenue == MAX_PRICE * MAX_ENERGY


@given(
    st.integers(1, MAX_PRICE),
    st.integers(0, MAX_PRICE),
    st.integers(2, 5),
    st.sampled_from(Key),
    st.data(),
)
def test_within_the_bound_of_intake_no_interval_is_refused(
    price: int, fee: int, size: int, key: Key, data: st.DataObject
) -> None:
    """The sum of the members' largest energies x (3 P + 2 f) is below 2^62."""
    most = min(MAX_ENERGY, (MAX_AMOUNT - 1) // (size * (3 * price + 2 * fee)))
    assume(most)
    ends = st.sampled_from([-price, price]) | st.integers(-price, price)
    energy = st.sampled_from([0, most]) | st.integers(0, most)
    prices, references, zone = (sorted(data.draw(st.tuples(ends, ends))) for _ in range(3))
    fees = Fees(fee, 0, 0)
    terms = Terms(
        References(references[1], references[0]),
        Charges(fees, fees, Vat(1, 1)),
        PoolRule(prices[0], key),
    )
    traded = data.draw(energy)
    members = [
        Member(
            retail=references[1],
            feed_in=references[0],
            imported=data.draw(energy),
            exported=data.draw(energy),
            bought=traded if row == 0 else 0,
            sold=traded if row == 1 else 0,
            pool_weight=data.draw(st.integers(0, 3)),
        )
        for row in range(size)
    ]
    assert_the_books_close(settle(terms, [ZonePrices(zone[1], zone[0])], members))


def test_a_market_may_run_on_the_pool_alone() -> None:
    terms = Terms(References(30, 8), Charges(), PoolRule(15, Key.DYNAMIC))
    members = [Member(30, 8, exported=9), Member(30, 8, imported=6)]
    settlement = settle(terms, [None], members)
    assert [(line.pays, line.receives) for line in settlement.members] == [(0, 90), (90, 0)]
    assert [line.grid.exported for line in settlement.members] == [3, 0]


def test_own_trades_net_to_nothing_at_two_prices() -> None:
    """With McAfee's rule a member that sold to itself pays no surplus for it."""
    member = Member(30, 8, bought=5, sold=5)
    settlement = settle(Terms(References(30, 8), Charges()), [ZonePrices(20, 10)], [member])
    assert (settlement.members[0].pays, settlement.accounts.mechanism_surplus) == (0, 0)


def test_an_empty_interval_settles_to_nothing() -> None:
    settlement = settle(Terms(References(30, 8), Charges()), [None], [])
    assert settlement.members == ()
    assert set(dataclasses.astuple(settlement.accounts)) == {0}


def test_prices_that_follow_from_no_clearing_are_refused() -> None:
    terms = Terms(References(30, 8), Charges())
    buyer, seller = Member(30, 8, bought=5), Member(30, 8, sold=5, zone=1)
    with pytest.raises(ZonePriceError, match="below"):
        ZonePrices(buyers=9, sellers=10)
    with pytest.raises(ZonePriceError, match="no price"):
        settle(terms, [ZonePrices(9, 9), None], [buyer, seller])
    with pytest.raises(ZonePriceError, match="zone 1 of 1"):
        settle(terms, [ZonePrices(9, 9)], [buyer, seller])
    with pytest.raises(ZonePriceError, match="collect -5 between them"):
        settle(terms, [ZonePrices(9, 9), ZonePrices(10, 10)], [buyer, seller])
    with pytest.raises(OutOfBoundsError, match="bought"):
        Member(30, 8, bought=-1)
    with pytest.raises(OutOfBoundsError, match="own retail"):
        Member(MAX_PRICE + 1, 8)
    with pytest.raises(OutOfBoundsError, match="own feed-in"):
        Member(30, -MAX_PRICE - 1)
