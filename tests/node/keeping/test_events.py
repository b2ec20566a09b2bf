"""Events are kept for a time, and whoever would go on from before is told so."""

import pytest

from settlement_node.coop.answers import EventsExpiredError
from settlement_node.coop.clearing_out import ClearingOut
from settlement_node.coop.coop import Coop
from settlement_node.coop.events import EVENT
from settlement_node.governance.actions import Reinstate, Suspend
from settlement_node.store.opening import Place
from settlement_node.store.scanning import every_row
from tests.node.village import DAY, Village, surroundings, village
from tests.protocol.spoken import Home


async def cleared(here: Village) -> None:
    """Let the node delete what is too old."""
    clearing_out = ClearingOut(here.store, here.coop.state, here.coop.events, here.clock)
    while await clearing_out.portion():
        pass


async def test_events_are_kept_for_a_time(place: Place) -> None:
    async with village(place, events_kept=90 * DAY) as here:
        homes = [Home(2), Home(3)]
        for home in homes:
            await here.welcome(home)
        for _ in range(5):
            here.clock.now += 30 * DAY
            for home in homes:
                await here.act(Suspend(home.member))
                await here.act(Reinstate(home.member))
            await cleared(here)
        since = here.coop.events.since
        for home in homes:
            left = await since(home.member, 0, 200)
            assert [event.at for event in left] == sorted(
                2 * [here.clock.now - days * DAY for days in (0, 30, 60, 90)]
            )
            assert await since(home.member, left[2].id, 200) == left[3:]
            with pytest.raises(EventsExpiredError) as expired:
                here.coop.check_events(home.member, left[0].id - 30 * DAY)
            assert await since(home.member, expired.value.after, 200) == left
        assert len([row async for row in every_row(here.store, EVENT)]) == 16
        await here.coop.close()
        here.coop = await Coop.open(here.store, surroundings(here.clock))
        with pytest.raises(EventsExpiredError):
            here.coop.check_events(homes[0].member, 1)
        await here.coop.start()


async def test_who_knows_of_later_events_than_the_node_is_told_that_some_are_missing(
    place: Place,
) -> None:
    async with village(place) as here:
        home = Home(2)
        await here.welcome(home)
        await here.act(Suspend(home.member))
        here.coop.check_events(home.member, here.clock.now)
        with pytest.raises(EventsExpiredError, match="no event has a number above") as lost:
            here.coop.check_events(home.member, here.clock.now + DAY)
        here.coop.check_events(home.member, lost.value.after)
        here.clock.now += DAY
        await here.act(Reinstate(home.member))
        told = await here.coop.events.since(home.member, lost.value.after, 200)
        assert [event.data["kind"] for event in told] == ["reinstated"]
