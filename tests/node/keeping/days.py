"""Days of a village, for tests of what lets its log live long."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from depin_protocol.statements.membership import Confirmation
from settlement_node.governance.member import Role
from settlement_node.keeping.following import EraseBodies
from settlement_node.replay.verify import Verified, verify
from tests.node.village import DAY, Village, readings, village
from tests.protocol.spoken import Home

YEARS = 10 * 366 * DAY


@asynccontextmanager
async def days(place: Path | str, count: int) -> AsyncIterator[tuple[Village, Home, Home]]:
    """Let a home and an auditor live in a village for some days."""
    async with village(place) as here:
        home, auditor = Home(2), Home(3)
        await here.welcome(home)
        await here.welcome(auditor, Role.AUDITOR)
        for total in range(count):
            await day(here, home, total)
        yield here, home, auditor


async def day(here: Village, home: Home, total: int = 0) -> None:
    """Let a day pass, and the home say something on it."""
    here.clock.now += DAY
    await here.say(home.say("metering", readings(here.clock(), total)))


def roots(here: Village) -> list[int]:
    """Return the indexes of the state roots that are kept."""
    return list(here.coop.state.keeping.roots.all)


async def confirm(here: Village, auditor: Home, index: int) -> None:
    """Let somebody say that it came to the same state."""
    name = here.coop.state.keeping.roots.all[index].name
    await here.say(auditor.say("trading", Confirmation(name), here.clock()))


async def erase(here: Village, index: int) -> None:
    """Let the operator ask for an erasure."""
    name = here.coop.state.keeping.roots.all[index].name
    await here.act(EraseBodies(name))


async def told(here: Village, home: Home) -> list[object]:
    """Return the codes of what a member said without effect, last first."""
    events = await here.coop.events.since(home.member, 0, 200)
    return [event.data["code"] for event in reversed(events) if "code" in event.data]


async def closed(here: Village) -> Verified:
    """Stop the co-op, and verify what it leaves."""
    await here.coop.close()
    return await verify(here.store)
