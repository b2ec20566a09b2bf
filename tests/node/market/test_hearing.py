"""Only the time in which the node was there counts for a reading deadline."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.durations import MINUTE
from settlement_node.coop.coop import Coop
from settlement_node.market.settling.hearing import Hearing
from settlement_node.replay.verify import verify
from tests.node.market.metering_homes import FIRST, decided, line_of, settle_in
from tests.node.market.test_settling import DEADLINE, END, RAIN, SUN, TRADING, at, street, traded
from tests.node.village import Village, surroundings


async def away(here: Village, *, until: int) -> None:
    """Let the node be away, from now on."""
    await here.coop.close()
    here.clock.now = until
    here.coop = await Coop.open(here.store, surroundings(here.clock))
    await here.coop.start()


@pytest.mark.parametrize("ups", [(), (1_000,), (1_000, 10 * MINUTE), (10 * MINUTE, 12 * MINUTE)])
async def test_who_was_heard_between_two_outages_costs_the_others_nothing(
    tmp_path: Path, ups: tuple[int, ...]
) -> None:
    async with street(tmp_path, TRADING) as here:
        sun, rain = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        was_heard = False
        for up in ups:
            await away(here, until=END + up)
            if not was_heard:
                await here.say(rain.say(here.clock(), 400, 0, start=FIRST))
            was_heard = True
        await away(here, until=END + DEADLINE + 5 * MINUTE)
        assert await decided(here, "settled") == []
        await here.say(sun.say(here.clock(), 0, 400, start=FIRST))
        if not was_heard:
            await here.say(rain.say(here.clock(), 400, 0, start=FIRST))
        (decision,) = await decided(here, "settled")
        assert line_of(decision, SUN).lines.trade.delivered_out == 400
        assert await decided(here, "stopped")
        await here.coop.close()
        await verify(here.store)


async def test_who_never_reports_is_waited_for_as_long_as_the_node_is_there(tmp_path: Path) -> None:
    async with street(tmp_path, TRADING) as here:
        sun, _ = await settle_in(here, SUN, RAIN)
        await traded(here, SUN, RAIN, 400, 200_000)
        await at(here, END)
        await here.say(sun.say(END, 0, 400, start=FIRST))
        await at(here, END + 5 * MINUTE)
        await here.say(sun.say(here.clock(), 0, 0, start=END))
        await away(here, until=END + 30 * MINUTE)
        await here.say(sun.say(here.clock(), 0, 0, start=END + 5 * MINUTE))
        due = END + 30 * MINUTE + DEADLINE - 5 * MINUTE
        assert here.coop.state.settling.due_at == due
        await at(here, due - 1)
        assert await decided(here, "settled") == []
        await at(here, due)
        assert len(await decided(here, "settled")) == 1


@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.integers(0, 60),
    st.integers(1, 60),
)
def test_a_deadline_is_so_many_moments_of_being_there_later(
    gaps: list[int], stops: list[bool], later: int, wait: int
) -> None:
    hearing = Hearing()
    end = gaps[0] + later
    moments = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    there: list[int] = []
    for (one, two), stopped in zip(pairwise(moments), stops, strict=False):
        hearing.hear(one, 100, 0)
        if stopped:
            hearing.stop()
        else:
            there += range(one, two)
    hearing.hear(moments[-1], 100, 0)
    counted = [moment for moment in there if moment >= end][:wait]
    deadline = hearing.deadline(end, wait)
    if moments[-1] < end:
        assert deadline is None
    elif len(counted) == wait and deadline is not None and deadline <= moments[-1]:
        assert deadline == counted[-1] + 1
    else:
        assert deadline == max(end, moments[-1]) + wait - len(counted)
