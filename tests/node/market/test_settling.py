"""Intervals of a village are settled against what its homes metered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from depin_protocol.durations import MINUTE
from depin_protocol.encoding import from_text
from depin_protocol.metering import Quality
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Vat
from depin_protocol.settlement.metered import Source
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.statements.trading import Curve, Order, Preference
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import Action
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.log.checkpoints import verified
from settlement_node.market.rules.actions import PlaceMember
from settlement_node.market.rules.places import Place
from settlement_node.market.settling.actions import MemberSeries, TellQuarterHours
from settlement_node.market.settling.reading import (
    course_of,
    intervals,
    late_corrections,
    roofs_of,
    settled_at,
)
from settlement_node.market.settling.told import Way
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Row
from tests.node.coop.test_regaining import note_of
from tests.node.market.metering_homes import (
    FIRST,
    MARKET,
    decided,
    device,
    last,
    line_of,
    meter,
    settle_in,
)
from tests.node.village import DAY, FACTS, Village, surroundings, village
from tests.protocol.spoken import QUARTER, Home

SUN, RAIN, LATE = Home(2), Home(3), Home(4)
END = FIRST + QUARTER
DEADLINE = 20 * MINUTE
EURO = 10**9


@asynccontextmanager
async def street(place: Path | str, rules: MarketRules) -> AsyncIterator[Village]:
    """Found a village with these rules, and check at its end that its log leads to its tables."""
    async with village(place, replace(FACTS, rules=rules)) as here:
        yield here
        await here.coop.close()
        await verify(here.store)


def holds(here: Village, kind: AccountKind, home: Home | None = None) -> int:
    """Return what an account holds."""
    owner = b"" if home is None else from_text(home.member, 16)
    return here.coop.ledger.balance(AccountName(kind, owner)).posted


async def at(here: Village, moment: int) -> None:
    """Let it be so late."""
    here.clock.now = moment
    await here.coop.tick()


async def traded(here: Village, seller: Home, buyer: Home, wh: int, price: int) -> None:
    """Let a home sell to another, in the first interval."""
    ask = Order(MARKET, (Curve(FIRST, "ask", ((price, wh),)),))
    bid = Order(MARKET, (Curve(FIRST, "bid", ((price, wh),)),))
    await here.say(
        seller.say("trading", ask, here.clock()), buyer.say("trading", bid, here.clock())
    )
    await at(here, FIRST - 5 * MINUTE)


async def days_pass(here: Village, moment: int) -> None:
    """Let somebody say something after a long silence, and the time to wait pass after it."""
    here.clock.now = moment
    await here.say(RAIN.say("trading", Preference(MARKET, ()), moment))
    await at(here, moment + DEADLINE)


TRADING = MarketRules(credit_limit=EURO)


async def test_an_interval_is_settled_when_everybody_has_reported(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules()) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 800, start=FIRST))
        assert await decided(here, "settled") == []
        await here.say(rain.say(END, 500, 0, start=FIRST))
        decision = await last(here)
        assert decision.kind == "settled"
        assert decision.result == {"market": MARKET, "start": FIRST, "end": END, "figures": None}
        # Nothing was traded and there is no pool: all of it is the grid's.
        assert line_of(decision, SUN).lines.grid.exported == 800
        assert line_of(decision, RAIN).lines.grid.imported == 500
        assert line_of(decision, RAIN).lines.grid.cost == 500 * 300_000


async def test_public_sums_are_given_only_where_k_members_took_part(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules(k=2)) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 800, start=FIRST), rain.say(END, 500, 0, start=FIRST))
        figures = (await last(here)).result["figures"]
        assert isinstance(figures, dict)
        assert figures["members"] == 2
        assert (figures["imported"], figures["exported"], figures["missing"]) == (500, 800, 0)


async def test_who_is_missing_hides_nobodys_meter(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules(k=2)) as here:
        sun, _ = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 800, start=FIRST))
        await at(here, END + DEADLINE)
        decision = await last(here)
        assert len(decision.lines) == 2
        assert decision.result["figures"] is None


async def test_a_trade_is_paid_at_its_price_and_the_pool_shares_the_rest(tmp_path: Path) -> None:
    rules = replace(
        TRADING,
        charges=Charges(Fees(10_000), Fees(5_000), Vat(20, 100)),
        pool=PoolRule(100_000, Key.DYNAMIC),
    )
    async with street(tmp_path, rules) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        here.clock.now = END
        await here.say(sun.say(END, 0, 700, start=FIRST), rain.say(END, 500, 0, start=FIRST))
        decision = await last(here)
        sold, bought = line_of(decision, SUN), line_of(decision, RAIN)
        assert sold.lines.trade.sale == 400 * 200_000
        assert (sold.lines.pool.given, bought.lines.pool.taken) == (100, 100)
        assert sold.lines.grid.exported == 200
        # 90 million for energy, 4.5 million of fees, a fifth of both for the state.
        assert bought.lines.charges.grid_fee == 400 * 10_000 + 100 * 5_000
        assert bought.lines.charges.vat == 18_900_000
        assert bought.lines.pays == 90_000_000 + 4_500_000 + 18_900_000
        assert holds(here, AccountKind.MEMBER_MONEY, SUN) == 90_000_000
        assert holds(here, AccountKind.MEMBER_MONEY, RAIN) == -113_400_000
        assert holds(here, AccountKind.GRID_FEES) == 4_500_000
        assert holds(here, AccountKind.VAT) == 18_900_000
        for empty in (AccountKind.RESERVATIONS, AccountKind.INTERVAL_CLEARING):
            assert holds(here, empty) == 0
        # The roof has no meter, so what it exported counts as produced; it was used next door.
        assert holds(here, AccountKind.MEMBER_CERTIFICATES, SUN) == 200
        assert holds(here, AccountKind.RETIRED_CERTIFICATES) == 500


async def test_who_never_reports_pays_its_own_residual_and_nobody_elses(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        _, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        here.clock.now = END
        await here.say(rain.say(END, 400, 0, start=FIRST))
        await at(here, END + DEADLINE - 1)
        assert await decided(here, "settled") == []
        await at(here, END + DEADLINE)
        (decision,) = await decided(here, "settled")
        sold = line_of(decision, SUN)
        assert sold.metered.quality is Quality.MISSING
        assert sold.lines.trade.undelivered == 400
        # It pays what the energy costs at the reference price, and the buyer gets just that.
        assert holds(here, AccountKind.MEMBER_MONEY, SUN) == 400 * (200_000 - 300_000)
        assert holds(here, AccountKind.MEMBER_MONEY, RAIN) == 400 * (300_000 - 200_000)


async def test_who_could_not_report_since_the_node_was_away_has_its_time_afterwards(
    tmp_path: Path,
) -> None:
    async with street(tmp_path, TRADING) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        back = END + 5 * DEADLINE
        await at(here, back)
        await reopened(here)
        assert await decided(here, "settled") == []
        await here.say(rain.say(back, 400, 0, start=FIRST))
        await at(here, back + DEADLINE - 1)
        assert await decided(here, "settled") == []
        await here.say(sun.say(here.clock(), 0, 400, start=FIRST))
        (decision,) = await decided(here, "settled")
        assert line_of(decision, SUN).lines.trade.delivered_out == 400


async def test_a_silence_is_bridged_by_the_counters_and_marked(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules()) as here:
        (sun,) = await settle_in(here, SUN)
        ends = (FIRST - MINUTE, END + MINUTE)
        here.clock.now = ends[1]
        body = sun.read("grid", (0, 1_700), ends[0], ends[1] - ends[0], ends)
        await here.say(SUN.say("metering", body, here.clock()))
        line = line_of(await last(here), SUN)
        assert line.metered.exported == 1_500
        assert line.metered.quality is Quality.ESTIMATED


async def test_late_readings_correct_the_member_alone(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        here.clock.now = END
        await here.say(rain.say(END, 400, 0, start=FIRST))
        await at(here, END + DEADLINE)
        before = holds(here, AccountKind.MEMBER_MONEY, SUN), holds(here, AccountKind.BALANCING)
        await here.say(sun.say(here.clock(), 0, 400, start=FIRST))
        (decision,) = await decided(here, "corrected")
        assert decision.result["final"] is False
        line = line_of(decision, SUN)
        assert line.metered.quality is Quality.MEASURED
        # What it really exported is its own supplier's; what the neighbours got stays theirs.
        assert line.lines.grid.exported == 400
        assert line.lines.grid.revenue == 400 * 80_000
        after = holds(here, AccountKind.MEMBER_MONEY, SUN), holds(here, AccountKind.BALANCING)
        assert after == before
        assert holds(here, AccountKind.MEMBER_CERTIFICATES, SUN) == 400
        told = await course_of(here.store, MARKET, FIRST, SUN.member)
        assert [one.settled.metered.exported for one in told] == [0, 400]


def telling(home: Home, way: Way, *values: int, measured: bool = True) -> Action:
    """Let the grid operator's quarter hours be told from the first interval on."""
    quality = Quality.MEASURED if measured else Quality.ESTIMATED
    qualities = (quality,) * len(values)
    return TellQuarterHours.whole((MemberSeries(home.member, way, FIRST, values, qualities),))


async def test_quarters_that_are_not_over_are_not_told(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        await settle_in(here, SUN)
        here.clock.now = END - 1
        await here.act(telling(SUN, Way.IMPORT, 5))
        assert (await last(here)).result["code"] == "parameters-invalid"
        here.clock.now = END
        await here.act(telling(SUN, Way.IMPORT, 5))
        assert (await last(here)).kind == "quarter_hours_told"


async def sold_and_settled(here: Village) -> None:
    """Let 400 Wh be sold, delivered and settled."""
    sun, rain = await settle_in(here, SUN, RAIN)
    await traded(here, SUN, RAIN, 400, 200_000)
    here.clock.now = END
    await here.say(sun.say(END, 0, 400, start=FIRST), rain.say(END, 400, 0, start=FIRST))


async def test_what_the_grid_operator_tells_goes_before_the_homes_word(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        await sold_and_settled(here)
        await here.act(telling(SUN, Way.EXPORT, 300))
        (decision,) = await decided(here, "corrected")
        line = line_of(decision, SUN)
        assert line.metered.source & Source.EXPORT
        assert line.lines.trade.undelivered == 100
        assert holds(here, AccountKind.MEMBER_MONEY, SUN) == 400 * 200_000 - 100 * 300_000
        assert holds(here, AccountKind.MEMBER_MONEY, RAIN) == -400 * 200_000
        assert holds(here, AccountKind.BALANCING) == 100 * 300_000
        # Told otherwise later, it is as if it had been told so at once.
        await here.act(telling(SUN, Way.EXPORT, 400))
        assert holds(here, AccountKind.MEMBER_MONEY, SUN) == 400 * 200_000
        assert holds(here, AccountKind.BALANCING) == 0
        # The same again changes nothing.
        await here.act(telling(SUN, Way.EXPORT, 400))
        assert len(await decided(here, "corrected")) == 2


async def test_what_is_told_before_an_interval_is_settled_settles_it(
    tmp_path: Path,
) -> None:
    async with street(tmp_path, MarketRules()) as here:
        sun, _ = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 400, start=FIRST))
        await here.act(telling(SUN, Way.EXPORT, 390, measured=False))
        await at(here, END + DEADLINE)
        (decision,) = await decided(here, "settled")
        line = line_of(decision, SUN)
        assert line.metered.exported == 390
        assert line.metered.quality is Quality.ESTIMATED


async def test_after_final_a_correction_waits_for_the_next_statement(tmp_path: Path) -> None:
    rules = replace(TRADING, correction=DAY)
    async with street(tmp_path, rules) as here:
        await sold_and_settled(here)
        await days_pass(here, FIRST + 3 * DAY)
        finals = await decided(here, "final")
        assert [one.result["until"] for one in finals] == [
            (FIRST // DAY + day) * DAY for day in range(1, len(finals) + 1)
        ]
        held = holds(here, AccountKind.MEMBER_MONEY, SUN)
        await here.act(telling(SUN, Way.EXPORT, 300))
        (decision,) = await decided(here, "corrected")
        assert decision.result["final"] is True
        assert holds(here, AccountKind.MEMBER_MONEY, SUN) == held
        size = here.coop.position.size
        (late,) = [one async for one in late_corrections(here.store, SUN.member, 0, size)]
        assert late.told.settled.owes - late.became.settled.owes == -100 * 300_000
        assert [one async for one in late_corrections(here.store, RAIN.member, 0, size)] == []


async def test_nothing_changes_by_readings_that_come_after_final(tmp_path: Path) -> None:
    rules = replace(MarketRules(), correction=DAY)
    async with street(tmp_path, rules) as here:
        sun, _ = await settle_in(here, SUN, RAIN)
        await days_pass(here, FIRST + 3 * DAY)
        await here.say(sun.say(here.clock(), 0, 400, start=FIRST))
        assert await decided(here, "corrected") == []
        told = await settled_at(here.store, MARKET, FIRST, SUN.member)
        assert told is not None
        assert told.settled.metered.quality is Quality.MISSING


async def test_a_participation_factor_shares_a_meter_between_communities(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules()) as here:
        (sun,) = await settle_in(here, SUN)
        await here.act(PlaceMember(SUN.member, MARKET, Place("all", participation=2_500)))
        here.clock.now = END
        await here.say(sun.say(END, 0, 401, start=FIRST))
        assert line_of(await last(here), SUN).metered.exported == 100


async def test_a_first_place_waits_where_a_meter_has_reported(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules()) as here:
        (sun,) = await settle_in(here, SUN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 401, start=FIRST))
        await here.act(PlaceMember(SUN.member, MARKET, Place("all", participation=2_500)))
        (placed,) = await decided(here, "member_placed")
        assert placed.lines[0]["start"] == END + 8 * DAY


async def test_roof_and_battery_tell_whose_energy_was_used_at_home(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules()) as here:
        (sun,) = await settle_in(here, SUN)
        for role in ("production", "battery"):
            await here.say(SUN.say("trading", device(SUN, role), here.clock()))
        here.clock.now = END
        await here.say(
            sun.say(END, 0, 100, start=FIRST),
            sun.say(END, 900, start=FIRST, role="production"),
            sun.say(END, 300, 50, start=FIRST, role="battery"),
        )
        line = line_of(await last(here), SUN)
        assert (line.metered.produced, line.metered.own_use) == (900, 550)
        assert line.lines.certificates.retired_at_home == 550
        assert holds(here, AccountKind.MEMBER_CERTIFICATES, SUN) == 350


async def test_a_preference_steers_whose_energy_it_is_and_never_how_much(tmp_path: Path) -> None:
    rules = MarketRules(pool=PoolRule(100_000, Key.DYNAMIC))
    async with street(tmp_path, rules) as here:
        sun, rain, late = await settle_in(here, SUN, RAIN, LATE)
        wish = Preference(MARKET, (SUN.member,))
        await here.say(RAIN.say("trading", wish, here.clock()))
        here.clock.now = END
        await here.say(
            sun.say(END, 0, 300, start=FIRST),
            late.say(END, 0, 300, start=FIRST),
            rain.say(END, 200, 0, start=FIRST),
        )
        decision = await last(here)
        assert line_of(decision, RAIN).preferred == ((SUN.member, 100),)
        roofs = {
            roof.home: roof.wh for roof in await roofs_of(here.store, MARKET, FIRST, RAIN.member)
        }
        assert roofs == {SUN.member: 100, LATE.member: 100}


async def test_a_meter_that_is_replaced_counts_on(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules()) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 400, start=FIRST), rain.say(END, 0, 0, start=FIRST))
        assert meter(SUN) != meter(RAIN)
        await here.say(SUN.say("trading", device(SUN, retired=True), here.clock()))
        here.clock.now = END + QUARTER
        await here.say(rain.say(END + QUARTER, 10, 0, start=END))
        decision = await last(here)
        assert decision.result["start"] == END
        assert [line["member"] for line in decision.lines] == [RAIN.member]


async def test_what_a_meter_said_in_use_counts_though_its_end_came_first(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        here.clock.now = END + MINUTE
        await here.say(rain.say(here.clock(), 400, 0, start=FIRST))
        # Orders and declarations do not wait for the readings of an outage to catch up.
        await here.say(SUN.say("trading", device(SUN, retired=True), here.clock()))
        assert await decided(here, "settled") == []
        await here.say(sun.say(here.clock(), 0, 400, start=FIRST))
        (decision,) = await decided(here, "settled")
        assert line_of(decision, SUN).lines.trade.delivered_out == 400


async def test_a_reading_beyond_what_the_market_believes_is_missing(tmp_path: Path) -> None:
    async with street(tmp_path, MarketRules(most_wh=1_000)) as here:
        (sun,) = await settle_in(here, SUN)
        here.clock.now = END
        await here.say(sun.say(END, 0, 1_001, start=FIRST))
        assert line_of(await last(here), SUN).metered.quality is Quality.MISSING


async def test_it_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        here.clock.now = END
        await here.say(sun.say(END, 0, 400, start=FIRST))
        await reopened(here)
        await here.say(rain.say(END, 400, 0, start=FIRST))
        assert (await last(here)).kind == "settled"
        await reopened(here)
        await here.act(telling(SUN, Way.EXPORT, 300))
        assert len(await decided(here, "corrected")) == 1


async def reopened(here: Village) -> None:
    """Stop the co-op and start it again from its store."""
    await here.coop.close()
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Give each engine a place for its books."""
    if request.param == "sqlite":
        return tmp_path
    url: str = request.getfixturevalue("postgres_url")
    return url


async def test_a_replay_from_a_state_root_finds_what_was_settled_before_it(
    place: Path | str,
) -> None:
    async with street(place, TRADING) as here:
        await sold_and_settled(here)
        here.clock.now = (FIRST // DAY + 1) * DAY + MINUTE
        await here.act(telling(SUN, Way.EXPORT, 300))
        await here.coop.close()
        trusted = verified(await note_of(here.coop), FACTS.log_verifier())
        assert (await verify(here.store, trusted, begin_there=True)).start > 0


async def tables(here: Village) -> dict[str, list[Row]]:
    """Read every table that follows from the log."""
    state = here.coop.state
    return {
        table.name: [row async for row in every_row(here.store, table)] for table in state.tables
    }


async def test_a_replay_leads_to_the_same_rows_on_both_engines(
    place: Path | str,
) -> None:
    async with street(place, TRADING) as here:
        await sold_and_settled(here)
        await here.act(telling(SUN, Way.EXPORT, 300))
        before = await tables(here)
        await here.coop.close()
        await rebuild(here.store)
        assert await tables(here) == before
        public = [one async for one in intervals(here.store, MARKET, 0, 2 * FIRST)]
        assert [one["start"] for _, one in public] == [FIRST]
