"""Hourly sums of random quarters of an hour, against what meters and money say."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.depin.books import Books, SettledInterval
from custom_components.depin.hourly_sums import Flow, HourlySums, Pair, Series, Sums
from custom_components.depin.protocol.durations import HOUR
from tests.home.settled_quarters import FEED_IN, MARKET, QUARTER, RETAIL, Quarter

START: Final = 500_000 * HOUR
WH = st.integers(0, 3_000)


@st.composite
def quarters(draw: st.DrawFn) -> Quarter:
    """Draw a quarter in which the home sells, buys or does neither."""
    traded = draw(st.tuples(st.sampled_from(["bought", "sold"]), WH))
    return Quarter(
        imported=draw(WH),
        exported=draw(WH),
        neighbour_imported=draw(WH),
        neighbour_exported=draw(WH),
        is_missing=draw(st.booleans()),
        later=draw(st.none() | st.tuples(WH, WH)),
        **{traded[0]: traded[1]},
    )


def energy(sums: Sums, flow: Flow) -> int:
    return sum(sums[Series(pair, flow)] for pair in Pair)


def money(sums: Sums, *pairs: Pair) -> int:
    return sum(
        sums[Series(pair, Flow.COST)] - sums[Series(pair, Flow.COMPENSATION)] for pair in pairs
    )


def require_sums(found: HourlySums, rows: list[SettledInterval]) -> None:
    """Compare each hour with the registers, the co-op's account and the supplier's tariff."""
    assert list(found.hours) == sorted({one.row.start // HOUR * HOUR for one in rows})
    for start, sums in found.hours.items():
        hour = [one.row for one in rows if one.row.start // HOUR * HOUR == start]
        assert energy(sums, Flow.IMPORT) == sum(row.imported for row in hour)
        assert energy(sums, Flow.EXPORT) == sum(row.exported for row in hour)
        due = sum(row.pays - row.receives for row in hour)
        assert money(sums, Pair.NEIGHBOURS, Pair.POOL) == due
        drawn, fed = (sums[Series(Pair.GRID, flow)] for flow in (Flow.IMPORT, Flow.EXPORT))
        assert money(sums, Pair.GRID) == drawn * RETAIL - fed * FEED_IN


@settings(max_examples=30, deadline=None)
@given(st.lists(quarters(), min_size=1, max_size=10), st.data())
def test_three_pairs_add_up_to_the_meter_each_hour(
    drawn: list[Quarter], data: st.DataObject
) -> None:
    """Whatever was traded, metered, missing and corrected, in whatever order it is heard."""
    first = data.draw(st.integers(0, 3))
    starts = [START + (first + place) * QUARTER for place in range(len(drawn))]
    told = [(at, one, 0) for at, one in zip(starts, drawn, strict=True)]
    better = data.draw(st.permutations([(at, one, 1) for at, one, _ in told if one.later]))

    async def keep(file: Path) -> None:
        books = await Books.open(file)
        try:
            known: dict[int, SettledInterval] = {}
            for at, one, turn in [*data.draw(st.permutations(told)), *better]:
                row = one.corrected(at) if turn else one.settled(at)
                await books.keep_settled(MARKET, [row])
                known[at] = row
            counted = [one for one in known.values() if one.row.quality]
            require_sums(await books.hourly_sums(0), counted)
            parted = await books.hourly_sums(START + HOUR)
            early = [one.row for one in counted if one.row.start < START + HOUR]
            assert energy(parted.before, Flow.IMPORT) == sum(row.imported for row in early)
            # What stays missing counts once nothing can come any more.
            final = [one.corrected(at, is_final=True) for at, one, _ in told]
            await books.keep_settled(MARKET, final)
            require_sums(await books.hourly_sums(0), final)
        finally:
            await books.close()

    with TemporaryDirectory() as folder:
        asyncio.run(keep(Path(folder, "books")))


async def test_what_changed_is_told_once(tmp_path: Path) -> None:
    """From the first hour on in which sums differ; what breaks off is told again."""
    books = await Books.open(tmp_path / "books")
    first = Quarter(imported=500)
    wrong = Quarter(imported=500, later=(600, 0))
    missing = Quarter(imported=500, is_missing=True)
    assert await books.begin_telling() is None
    await books.keep_settled(MARKET, [first.settled(START + QUARTER)])
    assert await books.begin_telling() == START
    await books.close()

    books = await Books.open(tmp_path / "books")
    assert await books.begin_telling() == START
    await books.keep_settled(MARKET, [wrong.settled(START + HOUR)])
    await books.end_telling()
    assert await books.begin_telling() == START + HOUR
    await books.end_telling()
    # The same again, and a state that changes nothing, are no change; nor is what is missing.
    await books.keep_settled(MARKET, [first.settled(START + QUARTER, is_final=True)])
    await books.keep_settled(MARKET, [missing.settled(START + 2 * HOUR)])
    assert await books.begin_telling() is None
    await books.keep_settled(MARKET, [wrong.corrected(START + HOUR)])
    assert await books.begin_telling() == START + HOUR
    await books.tell_all()
    assert await books.begin_telling() == 0
    await books.close()


async def test_all_markets_count(tmp_path: Path) -> None:
    """A home with a part of its meter in each sees them together."""
    books = await Books.open(tmp_path / "books")
    for market in (MARKET, "square"):
        await books.keep_settled(market, [Quarter(imported=500).settled(START)])
    found = await books.hourly_sums(0)
    assert energy(found.hours[START], Flow.IMPORT) == 1_000
    await books.close()
