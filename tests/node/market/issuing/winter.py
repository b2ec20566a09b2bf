"""A village at a month's end: a home with panels, one without, and what their meters read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from depin_protocol.durations import HOUR, MINUTE
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.statements.trading import Preference
from settlement_node.ledger.actions import OpenBankAccount, RecordDeposit, RecordPayout
from settlement_node.market.billing.months import Month
from settlement_node.market.rules.actions import PlaceMember
from settlement_node.market.rules.places import Place
from tests.node.ledger.till import CASH, CENT
from tests.node.market.metering_homes import Metering, settle_in
from tests.node.village import FACTS, Village, village
from tests.protocol.spoken import Home

KWH_CENT = 10_000
"""A cent a kWh, in nano-euros a Wh."""
EVERYTHING = Vat(20, 100, Taxed.EVERYTHING)
RULES = MarketRules(
    interval=HOUR,
    correction=2 * HOUR,
    pool=PoolRule(15 * KWH_CENT, Key.DYNAMIC),
    charges=Charges(Fees(), Fees(3 * KWH_CENT, KWH_CENT, 0), EVERYTHING),
)
JANUARY = Month.of(2027, 1, ZoneInfo("UTC"))
FEBRUARY = Month.of(2027, 2, ZoneInfo("UTC"))
EVENING = JANUARY.ends - 4 * HOUR
SUN, RAIN = Home(2), Home(3)


@asynccontextmanager
async def winter(
    place: Path | str, month: Month = JANUARY
) -> AsyncIterator[tuple[Village, list[Metering]]]:
    """Let homes join that are metered from four hours before a month's end."""
    since = month.ends - 5 * HOUR
    async with village(place, replace(FACTS, rules=RULES), since) as here:
        homes = await settle_in(here, SUN, RAIN)
        await here.act(PlaceMember(SUN.member, "street", Place("all", 0, 10_000, 1_300)))
        await here.act(OpenBankAccount(CASH))
        await here.act(RecordDeposit(RAIN.member, CASH, 140 * CENT))
        await here.act(RecordPayout(RAIN.member, CASH, 100 * CENT))
        yield here, homes


async def hour(here: Village, homes: list[Metering], start: int, *wh: int) -> None:
    """Let the sun export and the rain import so much in an hour, and both report it."""
    exported, imported = wh
    here.clock.now = start + HOUR
    instants = range(start, start + HOUR + 1, 5 * MINUTE)
    for home, flows in zip(homes, ((0, exported), (imported, 0)), strict=True):
        read = home.read("grid", flows, start, HOUR, instants)
        await here.say(home.home.say("metering", read, here.clock()))


async def month_ends(here: Village, homes: list[Metering], month: Month = JANUARY) -> None:
    """Live the last four hours of a month, and wait until they are final."""
    evening = month.ends - 4 * HOUR
    for start, exported, imported in ((0, 1_500, 1_200), (1, 900, 1_200), (2, 0, 300), (3, 0, 0)):
        await hour(here, homes, evening + start * HOUR, exported, imported)
    here.clock.now = month.ends + 2 * HOUR
    await here.coop.tick()


async def time_passes(here: Village, moment: int) -> None:
    """Let somebody say something after a long silence, and homes' time to report pass."""
    here.clock.now = moment - 30 * MINUTE
    await here.say(here.operator.say("trading", Preference("street", ()), here.clock()))
    here.clock.now = moment
    await here.coop.tick()
