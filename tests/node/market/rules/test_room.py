"""A market's rules in a co-op at work: in force from when they say, the same in every replay."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from depin_protocol.clearing.zone_tree import Way, Zone, ZoneTree
from depin_protocol.durations import DAY, HOUR, MINUTE
from depin_protocol.rules.market_rules import Band, MarketRules
from depin_protocol.rules.member_terms import MemberTerms
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.statements.membership import OperatorAction
from depin_protocol.statements.money import Constant, Dynamic, Tariff, TimeOfUse
from depin_protocol.statements.trading import Curve, FlexibleOrder, Order
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import Action
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.ledger.effects import money_of
from settlement_node.market.rules.acting import MARKET_SET, MEMBER_PLACED, SERIES_DECLARED
from settlement_node.market.rules.actions import DeclareSeries, PlaceMember, SetMarket
from settlement_node.market.rules.market import NOTICE
from settlement_node.market.rules.places import Place
from settlement_node.market.rules.room import RulesRoom
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from tests.node.ledger.till import decision_at, done, rows
from tests.node.village import FACTS, Village, surroundings, village
from tests.protocol.spoken import NOON, Home, ident

QUARTER = 15 * MINUTE
USUAL = MarketRules()
ZONED = replace(
    USUAL,
    interval=HOUR,
    zones=ZoneTree((Zone("town"), Zone("mill", "town", Way(5, 900), Way(7, 800)))),
    series=frozenset({"band_high"}),
    pool=PoolRule(120_000, Key.STATIC),
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Village]:
    """Give a village on each engine."""
    place: Path | str = tmp_path
    if request.param == "postgres":
        place = request.getfixturevalue("postgres_url")
    async with village(place) as begun:
        yield begun


def rules(here: Village) -> RulesRoom:
    return here.coop.state.rules


async def refused(here: Village, action: Action) -> str:
    """Let the operator try in vain; return why it does nothing."""
    decision = await done(here, action)
    assert decision.kind == NO_EFFECT, decision
    return f"{decision.result['code']}: {decision.lines[0]['detail']}"


async def told(here: Village, home: Home, retail: object, feed_in: object = None) -> None:
    """Let a home say its tariff of the first market."""
    tariff = Tariff("street", retail, feed_in or Constant(70_000))  # type: ignore[arg-type]
    await here.say(home.say("trading", tariff, here.clock()))


def retail(here: Village, home: Home, start: int) -> int:
    return rules(here).terms(home.member, "street", start).retail


async def all_follows(here: Village) -> None:
    """Check that a node that starts again knows the same, and that replays lead there."""
    state = sorted((table.name, row) for table, row in here.coop.state.rows())
    await here.coop.close()
    again = await Coop.open(here.store, surroundings(here.clock))
    assert sorted((table.name, row) for table, row in again.state.rows()) == state
    await again.close()
    found = await verify(here.store)
    before = await rows(here.store)
    assert await rebuild(here.store) == found.entries
    assert await rows(here.store) == before


async def test_entry_0_begins_the_first_market(here: Village) -> None:
    first = NOON + QUARTER
    assert list(rules(here).markets()) == ["street"]
    assert [version.start for version in rules(here).grid("street").versions] == [first]
    assert rules(here).at("street", first) == FACTS.rules
    home = Home(2)
    await here.welcome(home)
    assert rules(here).terms(home.member, "street", first) == MemberTerms(
        300_000, 80_000, "all", 0, 10_000, 0
    )
    await all_follows(here)


async def test_changed_rules_hold_past_all_that_may_hold_orders(here: Village) -> None:
    here.clock.now += 7 * MINUTE
    decision = await done(here, SetMarket("street", ZONED))
    start = int(str(decision.result["start"]))
    assert decision.kind == MARKET_SET
    assert decision.result["rules"] == ZONED.to_json()
    assert start - HOUR < here.clock() + NOTICE <= start
    assert start % HOUR == 0
    assert rules(here).at("street", start - QUARTER) == USUAL
    assert rules(here).at("street", start) == ZONED
    here.clock.now += 20 * DAY
    await done(here, SetMarket("street", USUAL, start + 30 * DAY))
    # What once held in an interval holds in it for ever.
    assert rules(here).at("street", start - QUARTER) == USUAL
    assert rules(here).at("street", start + 30 * DAY - HOUR) == ZONED
    assert rules(here).at("street", start + 30 * DAY) == USUAL
    await all_follows(here)


async def test_rules_that_cannot_hold_are_refused(here: Village) -> None:
    soon = NOON + DAY
    assert "parameters-invalid" in await refused(here, SetMarket("street", ZONED, soon))
    late = NOON + 9 * DAY + QUARTER
    assert "parameters-invalid" in await refused(here, SetMarket("street", ZONED, late))
    assert "nothing-to-do" in await refused(here, SetMarket("street", USUAL))
    await done(here, SetMarket("street", ZONED, NOON + 30 * DAY))
    # Before a change that is announced nobody can put another.
    between = SetMarket("street", replace(USUAL, k=9), NOON + 20 * DAY)
    assert "parameters-invalid" in await refused(here, between)
    await all_follows(here)


async def test_wild_parameters_have_no_effect(here: Village) -> None:
    for parameters in ({}, {"market": "street"}, {"market": "street", "rules": {"k": 1}}):
        body = OperatorAction("set_market", dict(parameters), "as agreed")
        await here.say(here.operator.say("trading", body, here.clock()))
        decision = await decision_at(here, here.coop.position.size - 1)
        assert decision.result["code"] == "parameters-invalid"
    await all_follows(here)


async def test_another_market_begins_at_once(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    decision = await done(here, SetMarket("mill", ZONED))
    start = int(str(decision.result["start"]))
    assert start == NOON + HOUR
    assert list(rules(here).markets()) == ["street", "mill"]
    # A meter is in one market until operators say otherwise.
    assert rules(here).terms(home.member, "mill", start).participation == 0
    assert rules(here).terms(home.member, "mill", start).zone == "town"
    await all_follows(here)


async def test_a_series_is_data_until_the_gate(here: Village) -> None:
    rules_now = replace(USUAL, series=frozenset({"band_high"}))
    decision = await done(here, SetMarket("mill", rules_now))
    begin = int(str(decision.result["start"]))
    values = ((begin, 500_000), (begin + HOUR, 400_000))
    decision = await done(here, DeclareSeries("mill", "band_high", values))
    assert decision.kind == SERIES_DECLARED
    assert rules(here).at("mill", begin).band == Band(0, 500_000)
    assert rules(here).at("mill", begin + HOUR).band == Band(0, 400_000)
    # At the gate of the next interval; of that one the last value holds.
    here.clock.now = begin + HOUR - 5 * MINUTE
    await done(here, DeclareSeries("mill", "band_high", ((begin, 9),)))
    later = ((begin + HOUR, 300_000), (begin + 2 * HOUR, 200_000))
    await done(here, DeclareSeries("mill", "band_high", later))
    assert rules(here).at("mill", begin).band.high == 500_000
    assert rules(here).at("mill", begin + HOUR).band.high == 400_000
    assert rules(here).at("mill", begin + HOUR + QUARTER).band.high == 300_000
    assert rules(here).at("mill", begin + 2 * HOUR).band.high == 200_000
    assert "no-such-market" in await refused(here, DeclareSeries("nowhere", "retail", values))
    ruinous = replace(USUAL, most_wh=2**24, series=frozenset({"retail"}))
    await done(here, SetMarket("vast", ruinous))
    dear = DeclareSeries("vast", "retail", ((begin, 2**40),))
    assert "parameters-invalid" in await refused(here, dear)
    # Nor can rules follow a series that has such values already.
    await done(here, DeclareSeries("vast", "feed_in", ((begin, -(2**40)),)))
    following = replace(ruinous, series=frozenset({"retail", "feed_in"}))
    assert "parameters-invalid" in await refused(here, SetMarket("vast", following))
    await all_follows(here)


async def test_a_first_tariff_holds_at_once_and_another_later(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    first = NOON + QUARTER
    await told(here, home, Constant(310_000))
    assert retail(here, home, first) == 310_000
    assert rules(here).terms(home.member, "street", first).feed_in == 70_000
    here.clock.now += HOUR
    await told(here, home, TimeOfUse(((0, 60, 1), (6_000, 6_060, 2)), 330_000))
    change = here.clock() + NOTICE
    assert retail(here, home, change - QUARTER) == 310_000
    assert retail(here, home, change) == 330_000
    # A Monday, 00:30 UTC, and when the second window ends.
    monday = change // (7 * DAY) * 7 * DAY + 11 * DAY
    assert retail(here, home, monday + 30 * MINUTE) == 1
    assert retail(here, home, monday + 6_060 * MINUTE - QUARTER) == 2
    assert retail(here, home, monday + 6_060 * MINUTE) == 330_000
    # The same again changes nothing.
    before = [row for table, row in here.coop.state.rows() if table.name == "member_tariff"]
    here.clock.now += DAY
    await told(here, home, TimeOfUse(((0, 60, 1), (6_000, 6_060, 2)), 330_000))
    assert before == [r for table, r in here.coop.state.rows() if table.name == "member_tariff"]
    await all_follows(here)


async def test_values_of_a_dynamic_tariff_join_the_ones_before(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    first = NOON + QUARTER
    await told(here, home, Dynamic(((NOON, 5), (first + HOUR, 7))))
    await told(here, home, Dynamic(((first + QUARTER, 6), (first + HOUR, 8))))
    assert [retail(here, home, first + at * QUARTER) for at in (0, 1, 3, 4)] == [5, 6, 6, 8]
    here.clock.now = first + HOUR - 5 * MINUTE
    await told(here, home, Dynamic(((first + HOUR, 1),)))
    assert retail(here, home, first + HOUR) == 8
    assert retail(here, home, first + HOUR + QUARTER) == 1
    # What is older than anybody may correct is let go.
    here.clock.now += 40 * DAY
    await told(here, home, Dynamic(((here.clock(), 3),)))
    (data,) = [row[2] for table, row in here.coop.state.rows() if table.name == "member_tariff"]
    assert isinstance(data, bytes)
    assert len(data) < 150
    await all_follows(here)


async def test_a_tariff_of_a_market_that_is_not_there_has_no_effect(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    tariff = Tariff("nowhere", Constant(1), Constant(1))
    await here.say(home.say("trading", tariff, here.clock()))
    decision = await decision_at(here, here.coop.position.size - 1)
    assert decision.result["code"] == "no-such-market"
    await all_follows(here)


async def test_members_are_placed(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    decision = await done(here, SetMarket("mill", ZONED))
    begin = int(str(decision.result["start"]))
    whole = PlaceMember(home.member, "mill", Place("mill", 3, 10_000, 1_300))
    assert "takes part" in await refused(here, whole)
    half = Place("all", 0, 5_000)
    decision = await done(here, PlaceMember(home.member, "street", half))
    assert decision.kind == MEMBER_PLACED
    # Whose place it is stands in no public part.
    assert set(decision.result) == {"statement"}
    assert "parameters-invalid" in await refused(here, whole)
    await done(here, PlaceMember(home.member, "mill", Place("mill", 3, 5_000, 1_300)))
    held = rules(here).terms(home.member, "mill", begin)
    assert (held.zone, held.pool_weight, held.participation) == ("mill", 3, 5_000)
    assert held.seller_rate == 1_300
    # Moving to another zone takes its notice.
    moved = Place("town", 1, 5_000)
    soon = PlaceMember(home.member, "mill", moved, begin + DAY)
    assert "parameters-invalid" in await refused(here, soon)
    decision = await done(here, PlaceMember(home.member, "mill", moved))
    start = int(str(decision.lines[0]["start"]))
    assert start >= here.clock() + NOTICE
    assert rules(here).terms(home.member, "mill", start - HOUR).zone == "mill"
    assert rules(here).terms(home.member, "mill", start).zone == "town"
    strange = PlaceMember(home.member, "mill", Place("nowhere", 0, 5_000))
    assert "no zone" in await refused(here, strange)
    assert "no-such-member" in await refused(here, PlaceMember(ident(5), "mill", moved))
    await all_follows(here)


async def test_who_joins_is_lent_what_the_coop_lends(here: Village) -> None:
    assert here.coop.ledger.limit(money_of(here.operator.member)) == 0
    await done(here, SetMarket("street", replace(USUAL, credit_limit=5 * 10**9)))
    early, late = Home(2), Home(3)
    await here.welcome(early)
    here.clock.now += NOTICE + HOUR
    await here.welcome(late)
    assert here.coop.ledger.limit(money_of(early.member)) == 0
    assert here.coop.ledger.limit(money_of(late.member)) == 5 * 10**9
    await all_follows(here)


async def test_statements_are_late_by_the_rules_of_their_interval(here: Village) -> None:
    home = Home(2)
    await here.welcome(home)
    decision = await done(here, SetMarket("mill", replace(USUAL, gate=2 * HOUR)))
    begin = int(str(decision.result["start"]))
    curve = Curve(begin, "bid", ((100, 5),))
    order = home.say("trading", Order("mill", (curve,)), NOON)
    wish = home.say("trading", FlexibleOrder("mill", 5, 5, 5, NOON, begin + QUARTER), NOON)
    assert rules(here).deadlines(order).gate == 2 * HOUR
    assert rules(here).deadlines(wish).gate == 2 * HOUR
    street = home.say("trading", Order("street", (curve,)), NOON)
    assert rules(here).deadlines(street).gate == 5 * MINUTE


async def test_a_tariff_can_be_told_before_its_market_begins(here: Village) -> None:
    begins = NOON + 30 * DAY
    assert (await done(here, SetMarket("later", USUAL, begins))).kind == MARKET_SET
    home = Home(2)
    await here.welcome(home)
    for price in (1, 2):
        tariff = Tariff("later", Constant(price), Constant(0))
        await here.say(home.say("trading", tariff, here.clock()))
    assert rules(here).terms(home.member, "later", begins).retail == 2
