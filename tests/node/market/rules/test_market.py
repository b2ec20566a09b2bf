"""Intervals, the versions of rules that hold in them, and series that are told as they come."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.durations import DAY, HOUR, MINUTE
from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.rules.market_rules import LENGTHS, Band, MarketRules
from depin_protocol.rules.netting import Netting
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.trades import References
from depin_protocol.statements.fields import BodyError
from settlement_node.market.rules.market import NOTICE, Market, NoRulesError, Version, first_start
from settlement_node.market.rules.price_steps import PriceSteps
from tests.protocol.spoken import NOON

USUAL = MarketRules()
FULL = MarketRules(
    interval=5 * MINUTE,
    gate=MINUTE,
    band=Band(-5_000, 600_000),
    tick=1_000,
    lot_wh=10,
    most_wh=50_000,
    seller_share=(1, 3),
    references=References(280_000, -1),
    charges=Charges(
        Fees(70_000, 1_000, 0),
        Fees(50_000, 1_000, 10),
        Vat(19, 100, Taxed.ENERGY | Taxed.GRID_FEE),
    ),
    pool=PoolRule(120_000, Key.HYBRID),
    reading_deadline=HOUR,
    correction=40 * DAY,
    k=3,
    lead=2 * HOUR,
    netting=Netting.PHASES,
    credit_limit=10**10,
    zones=ZoneTree((Zone("top"), Zone("mill", "top", Way(5, 900), Way(7, 800)))),
    series=frozenset({"band_high", "pool_price"}),
)


def market(*versions: tuple[int, MarketRules]) -> Market:
    begun = Market("street")
    for start, rules in versions:
        begun.add(Version(start, rules))
    return begun


@pytest.mark.parametrize("rules", [USUAL, FULL], ids=["usual", "full"])
def test_rules_are_read_as_they_were_written(rules: MarketRules) -> None:
    assert MarketRules.read(decode_json(encode_json(rules.to_json()))) == rules


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("interval", 7 * MINUTE, "rules.interval"),
        ("gate", -1, "rules.gate"),
        ("band", [5, 4], "rules.band"),
        ("band", [0, 2**41], "rules.band[1]"),
        ("tick", 0, "rules.tick"),
        ("lot_wh", 2**21, "rules.lot_wh"),
        ("most_wh", 2**31 + 1, "rules.most_wh"),
        ("clearing", "vickrey", "rules.clearing"),
        ("seller_share", [2, 1], "rules.seller_share[0]"),
        ("retail", True, "rules.retail"),
        ("feed_in", 300_001, "rules.feed_in"),
        ("traded", {"grid_fee": -1, "levies": 0, "coop_fee": 0}, "rules.traded.grid_fee"),
        ("vat", {"rate": [1, 3], "on": []}, "rules.vat.rate"),
        ("vat", {"rate": [1, 5], "on": ["energy", "energy"]}, "rules.vat.on"),
        ("vat", {"rate": [1, 5], "on": ["tips"]}, "rules.vat.on[0].part"),
        ("pool", {"price": 1, "key": "random"}, "rules.pool.key"),
        ("reading_deadline", 8 * DAY, "rules.reading_deadline"),
        ("correction", 1, "rules.reading_deadline"),
        ("k", 0, "rules.k"),
        ("lead", 8 * DAY, "rules.lead"),
        ("netting", "all", "rules.netting"),
        ("credit_limit", 2**62, "rules.credit_limit"),
        ("zones", [], "rules.zones"),
        ("zones", [["a"], ["b"]], "rules.zones"),
        ("zones", [["a"], ["b", "a", 1, 2, 3, 2**31 + 1]], "rules.zones[1][5]"),
        ("series", ["retail", "band_low"], "rules.series[1]"),
        ("series", ["pool_price"], "rules.series"),
        ("extra", 1, "rules.'extra'"),
    ],
)
def test_what_is_out_of_bounds_is_named(name: str, value: object, told: str) -> None:
    with pytest.raises(BodyError) as refused:
        MarketRules.read({**USUAL.to_json(), name: value})
    assert str(refused.value).startswith(told), refused.value


def test_rules_under_which_a_member_could_owe_too_much_are_refused() -> None:
    dear = {"most_wh": 2**31, "band": [0, 2**40]}
    with pytest.raises(BodyError, match="lower it"):
        MarketRules.read({**USUAL.to_json(), **dear})


def test_several_zones_have_uniform_prices() -> None:
    told = {**FULL.to_json(), "clearing": Rule.MCAFEE.value}
    with pytest.raises(BodyError, match="uniform"):
        MarketRules.read(told)


def test_before_its_first_rules_a_market_has_no_interval() -> None:
    street = market((NOON, USUAL))
    assert street.at(NOON) is USUAL
    with pytest.raises(NoRulesError):
        street.at(NOON - 1)
    assert not street.is_start(NOON - 15 * MINUTE)
    assert street.is_start(NOON)
    assert not street.is_start(NOON + 1)


def test_the_first_interval_is_one_whose_gate_lies_ahead() -> None:
    assert first_start(USUAL, NOON) == NOON + 15 * MINUTE
    assert first_start(USUAL, NOON + 10 * MINUTE - 1) == NOON + 15 * MINUTE
    assert first_start(USUAL, NOON + 10 * MINUTE) == NOON + 30 * MINUTE


@given(st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=6), st.integers(0, 4 * HOUR))
def test_intervals_meet_whatever_the_changes(lengths: list[int], later: int) -> None:
    street = market((NOON, replace(USUAL, interval=lengths[0])))
    for at, length in enumerate(lengths[1:]):
        rules = replace(USUAL, interval=length)
        start = street.earliest_change(NOON + at * DAY + later, length)
        assert start >= NOON + at * DAY + later + NOTICE
        street.add(Version(start, rules))
    starts = [version.start for version in street.versions]
    for start in starts:
        assert street.start_of(start) == start
        if start > NOON:
            before = street.start_of(start - 1)
            assert street.next(before) == start
            assert street.start_after(before + 1) == start


@given(
    st.sampled_from(LENGTHS),
    st.sampled_from(LENGTHS),
    st.integers(0, 3 * HOUR),
    st.integers(0, 3 * HOUR),
    st.integers(-4 * HOUR, 4 * HOUR),
)
def test_no_gate_has_passed_from_the_open_interval_on(
    first: int, second: int, gate: int, other_gate: int, later: int
) -> None:
    change = NOON + DAY
    street = market(
        (NOON, replace(USUAL, interval=first, gate=gate)),
        (change, replace(USUAL, interval=second, gate=other_gate)),
    )
    at = change + later
    opened = street.open_from(at)
    start = opened
    for _ in range(200):
        assert street.gate_of(start) > at
        start = street.next(start)
    assert opened == NOON or street.gate_of(street.start_of(opened - 1)) <= at


QUARTER = 15 * MINUTE


def test_values_of_a_series_hold_until_the_next() -> None:
    steps = PriceSteps()
    assert steps.at(NOON) is None
    steps.tell([(NOON, 5), (NOON + QUARTER, 7)], NOON)
    assert [steps.at(NOON + at * QUARTER) for at in (-1, 0, 1, 9)] == [None, 5, 7, 7]


def test_a_value_changes_nothing_before_the_gates_that_lie_ahead() -> None:
    steps = PriceSteps()
    steps.tell([(NOON, 5)], NOON)
    opened = NOON + 2 * QUARTER
    steps.tell([(NOON - QUARTER, 8), (NOON + QUARTER, 9), (NOON + 4 * QUARTER, 11)], opened)
    assert [steps.at(NOON + at * QUARTER) for at in range(5)] == [5, 5, 9, 9, 11]
    # What was told of a later instant stands before an older one that comes after it.
    steps.tell([(NOON, 1)], opened)
    assert steps.at(opened) == 9
    steps.tell([(opened, 2)], opened)
    assert steps.at(opened) == 2


TOLD = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)), min_size=1, max_size=5),
        st.integers(0, 30),
    ),
    max_size=6,
)


@given(TOLD)
def test_a_series_is_what_was_known_at_each_gate(
    told: list[tuple[list[tuple[int, int]], int]],
) -> None:
    """Against a plain reading: of what was logged before the gate, the latest instant's newest."""
    steps = PriceSteps()
    logged: list[tuple[int, int, int, int]] = []
    for order, (values, opened) in enumerate(sorted(told, key=lambda one: one[1])):
        kept = sorted(dict(values).items())
        steps.tell(kept, opened)
        logged += [(opened, order, instant, price) for instant, price in kept]
    for start in range(45):
        known = [
            (instant, order, price)
            for opened, order, instant, price in logged
            if opened <= start and instant <= start
        ]
        assert steps.at(start) == (max(known)[2] if known else None), start


def test_forgetting_keeps_what_still_holds() -> None:
    steps = PriceSteps()
    steps.tell([(NOON + at, at) for at in range(10)], NOON)
    steps.forget(NOON + 5)
    assert steps.to_json() == [[NOON + at, NOON + at, at] for at in range(5, 10)]
    steps.forget(NOON + 50)
    assert steps.at(NOON + 60) == 9


def test_a_lower_bound_never_passes_the_upper_one() -> None:
    series = frozenset({"band_low", "feed_in", "pool_price"})
    rules = replace(USUAL, series=series, pool=PoolRule(1, Key.DYNAMIC))
    street = market((NOON, rules))
    for name, price in (("band_low", 2_000_000), ("feed_in", 400_000), ("pool_price", 77)):
        street.declare(name, [(NOON, price)], NOON - HOUR)
    assert street.at(NOON + DAY) == replace(
        rules,
        band=Band(1_000_000, 1_000_000),
        references=References(300_000, 300_000),
        pool=PoolRule(77, Key.DYNAMIC),
    )
    # A series that the rules don't follow is told, and means nothing yet.
    street.declare("retail", [(NOON, 1)], NOON - HOUR)
    assert street.at(NOON + DAY).references.retail == 300_000
