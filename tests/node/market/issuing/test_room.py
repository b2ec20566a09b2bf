"""Statements of account of a village: made of what is final, booked, and never altered."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from depin_protocol.durations import HOUR
from depin_protocol.encoding import from_text
from depin_protocol.metering import Quality
from depin_protocol.statements.membership import OperatorAction
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import Action
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.audit import audit
from settlement_node.ledger.effects import money_of
from settlement_node.market.billing.json_file import read_json
from settlement_node.market.billing.lines import EnergyKind
from settlement_node.market.billing.months import Month
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.issuing.actions import DescribeParty, IssueStatement
from settlement_node.market.issuing.party import Party
from settlement_node.market.issuing.tables import STATEMENT_OF_ACCOUNT
from settlement_node.market.settling.actions import MemberSeries, TellQuarterHours
from settlement_node.market.settling.told import Way
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from settlement_node.store.scanning import every_row
from tests.node.keeping.test_succession import lost, succeeded
from tests.node.ledger.till import CENT, decision_at, done
from tests.node.market.issuing.winter import (
    EVENING,
    FEBRUARY,
    JANUARY,
    KWH_CENT,
    RAIN,
    SUN,
    hour,
    month_ends,
    time_passes,
    winter,
)
from tests.node.market.metering_homes import Metering
from tests.node.village import DAY, Village, surroundings
from tests.protocol.spoken import Home, ident


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def lived(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Village, list[Metering]]]:
    """Give that village on each engine."""
    place: Path | str = tmp_path
    if request.param == "postgres":
        place = request.getfixturevalue("postgres_url")
    async with winter(place) as begun:
        yield begun


async def issued(here: Village, home: Home, month: Month = JANUARY) -> StatementOfAccount:
    """Issue a home's statement, and read it as it is kept."""
    today = datetime.fromtimestamp(here.clock() / 1000, UTC).date()
    decision = await done(here, IssueStatement(home.member, month, today))
    assert decision.kind == "statement_issued", decision
    kept = await statements(here, home)
    assert str(kept[-1].number) == decision.result["number"]
    assert decision.lines[0]["sha256"] == kept[-1].sha256
    # Of whose statement it is nothing stands in public.
    assert set(decision.result) == {"statement", "number"}
    return kept[-1]


async def statements(here: Village, home: Home) -> list[StatementOfAccount]:
    owner = from_text(home.member, 16)
    rows = [row async for row in every_row(here.store, STATEMENT_OF_ACCOUNT) if row[0] == owner]
    return [read_json(row[5]) for row in rows if isinstance(row[5], bytes)]


async def refused(here: Village, action: Action) -> str:
    """Let the operator try in vain; return why."""
    decision = await done(here, action)
    assert decision.kind == NO_EFFECT, decision
    return f"{decision.result['code']}: {decision.lines[0]['detail']}"


def holds(here: Village, home: Home) -> int:
    return here.coop.ledger.balance(money_of(home.member)).posted


async def all_follows(here: Village) -> None:
    """Check that a node that starts again knows the same, and that replays lead there."""
    state = sorted((table.name, row) for table, row in here.coop.state.rows())
    await here.coop.close()
    assert audit(here.coop.ledger) == ()
    again = await Coop.open(here.store, surroundings(here.clock))
    assert sorted((table.name, row) for table, row in again.state.rows()) == state
    await again.close()
    found = await verify(here.store)
    tables = again.state.tables
    before = [[row async for row in every_row(here.store, table)] for table in tables]
    assert await rebuild(here.store) == found.entries
    assert [[row async for row in every_row(here.store, table)] for table in tables] == before


async def test_a_month_is_told_and_booked(lived: tuple[Village, list[Metering]]) -> None:
    here, homes = lived
    await month_ends(here, homes)
    address = Party("Ada Łukasiewicz", ("Am Hang 2", "4020 Linz"), "ATU12345678")
    await done(here, DescribeParty(SUN.member, address))
    await done(here, DescribeParty(None, Party("Sonnenhang eG", ("Linz",), "")))
    vat = here.coop.ledger.balance(AccountName(AccountKind.VAT)).posted

    sun = await issued(here, SUN)
    # Of the first hour the pool takes 1,200 Wh, of the second 900, at 15 cents a kWh.
    energy = {line.kind: line.wh for line in sun.energy}
    assert energy[EnergyKind.EXPORTED] == 2_400
    assert energy[EnergyKind.POOL_GIVEN] == 2_100
    revenue = 2_100 * 15 * KWH_CENT
    # 13 % of 31.5 cents are 4.095: whole cents are shown, the rest is carried.
    assert (sun.opening, sun.to_book, sun.closing) == (0, 4 * CENT, revenue + 4 * CENT)
    assert [line.carried for line in sun.taxes] == [revenue * 13 // 100 - 4 * CENT]
    assert (str(sun.number), sun.member.name, sun.coop.name) == (
        "2027-000001",
        "Ada Łukasiewicz",
        "Sonnenhang eG",
    )
    assert holds(here, SUN) == sun.closing
    assert here.coop.ledger.balance(AccountName(AccountKind.VAT)).posted == vat - 4 * CENT

    rain = await issued(here, RAIN)
    assert [(one.code, one.amount) for one in rain.movements] == [
        ("DEPOSIT", 140 * CENT),
        ("PAYOUT", -100 * CENT),
    ]
    cost = 2_100 * (15 + 3 + 1) * KWH_CENT * 120 // 100
    assert (rain.closing, rain.to_book) == (40 * CENT - cost, 0)
    assert holds(here, RAIN) == rain.closing
    assert [(roof.home, roof.wh) for roof in rain.roofs] == [("neighbours", 2_100)]
    assert str(rain.number) == "2027-000002"
    await all_follows(here)


async def test_a_correction_after_the_end_is_on_the_next_statement(
    lived: tuple[Village, list[Metering]],
) -> None:
    here, homes = lived
    await month_ends(here, homes)
    first = await issued(here, SUN)
    # The grid operator says that only 1,100 of 1,500 Wh went out in the first hour.
    measured = (Quality.MEASURED,) * 4
    told = MemberSeries(SUN.member, Way.EXPORT, EVENING, (275,) * 4, measured)
    # And of the second hour just what the home said: there is nothing to tell of that.
    same = MemberSeries(SUN.member, Way.EXPORT, EVENING + HOUR, (225,) * 4, measured)
    await here.act(TellQuarterHours.whole((told, same)))
    assert holds(here, SUN) == first.closing
    owner = AccountName(AccountKind.BALANCING)
    balancing = here.coop.ledger.balance(owner).posted

    await hour(here, homes, JANUARY.ends + 3 * HOUR, 400, 400)
    await time_passes(here, FEBRUARY.ends + 3 * HOUR)
    second = await issued(here, SUN, FEBRUARY)
    (line,) = second.corrections
    # It had given 1,200 to the pool, and could give 1,100.
    assert (line.interval, line.corrects, line.amount) == (
        EVENING,
        first.number,
        -100 * 15 * KWH_CENT,
    )
    assert second.opening == first.closing
    assert second.earlier == first.as_earlier
    assert holds(here, SUN) == second.closing
    # A seller's tax falls too, by what was credited too much.
    credited = (400 - 100) * 15 * KWH_CENT * 13 // 100
    carried = first.taxes[0].carried
    assert second.credited_tax == (credited + carried) // CENT * CENT
    assert here.coop.ledger.balance(owner).posted == balancing + 100 * 15 * KWH_CENT
    here.clock.now += DAY
    again = IssueStatement(SUN.member, FEBRUARY, date(2027, 3, 2))
    assert "parameters-invalid" in await refused(here, again)
    await all_follows(here)


async def test_what_must_not_be_issued_is_refused(tmp_path: Path) -> None:
    async with winter(tmp_path) as (here, homes):
        await hour(here, homes, EVENING, 1_500, 1_200)
        here.clock.now = JANUARY.ends + HOUR
        today = date(2027, 2, 1)
        early = IssueStatement(SUN.member, JANUARY, today)
        assert "not-final" in await refused(here, early)
        here.clock.now = JANUARY.ends + 2 * HOUR
        await here.coop.tick()
        nobody = IssueStatement(ident(77), JANUARY, today)
        assert "no-such-member" in await refused(here, nobody)
        late = IssueStatement(SUN.member, JANUARY, date(2027, 2, 4))
        assert "issued" in await refused(here, late)
        shifted = IssueStatement(SUN.member, replace(JANUARY, begins=JANUARY.begins + DAY), today)
        assert "begins" in await refused(here, shifted)
        endless = IssueStatement(SUN.member, replace(JANUARY, ends=10**15 - 1), today)
        assert "ends" in await refused(here, endless)
        unmetered = IssueStatement(here.operator.member, JANUARY, today)
        assert "nothing-to-do" in await refused(here, unmetered)
        await here.say(
            here.operator.say(
                "trading", OperatorAction("issue_statement", {"member": 1}, "x"), here.clock()
            )
        )
        decision = await decision_at(here, here.coop.position.size - 1)
        assert decision.result["code"] == "parameters-invalid"
        await time_passes(here, FEBRUARY.ends + 3 * HOUR)
        march = date(2027, 3, 1)
        skipping = IssueStatement(SUN.member, FEBRUARY, march)
        assert "month-skipped" in await refused(here, skipping)
        await done(here, IssueStatement(SUN.member, JANUARY, march))
        decision = await done(here, skipping)
        assert decision.kind == "statement_issued"
        same = Party("Haus 2")
        await done(here, DescribeParty(SUN.member, same))
        assert "nothing-to-do" in await refused(here, DescribeParty(SUN.member, same))
        await all_follows(here)


async def test_two_of_one_moment_get_one_number_each(tmp_path: Path) -> None:
    async with winter(tmp_path) as (here, homes):
        await month_ends(here, homes)
        today = date(2027, 2, 1)
        speaker = here.operator
        say = [
            speaker.say(
                "trading",
                OperatorAction(
                    IssueStatement.NAME,
                    IssueStatement(home.member, JANUARY, today).to_json(),
                    "month",
                ),
                here.clock(),
            )
            for home in (SUN, RAIN, SUN)
        ]
        await here.say(*say)
        size = here.coop.position.size
        found = [await decision_at(here, index) for index in range(size - 3, size)]
        assert [one.kind for one in found] == ["statement_issued", "statement_issued", NO_EFFECT]
        assert [one.result.get("number") for one in found] == ["2027-000001", "2027-000002", None]
        await all_follows(here)


async def test_a_successor_does_not_guess_what_lies_between(tmp_path: Path) -> None:
    async with winter(tmp_path) as (here, homes):
        await month_ends(here, homes)
        await issued(here, SUN)
        store, _ = await lost(here, RAIN, tmp_path, "restored")
        await succeeded(store, here, here.operator.seed)
        here.coop, here.store = await Coop.open(store, surroundings(here.clock)), store
        await here.coop.start()
        here.clock.now = FEBRUARY.ends + 3 * HOUR
        # After a silence of the log homes have their time to report.
        await done(here, DescribeParty(None, Party("Sonnenhang eG")))
        here.clock.now += HOUR
        await here.coop.tick()
        march = date(2027, 3, 1)
        for home in (SUN, RAIN, here.operator):
            assert "earlier-log" in await refused(
                here, IssueStatement(home.member, FEBRUARY, march)
            )
        await all_follows(here)
        await store.close()
