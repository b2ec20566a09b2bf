"""Settled intervals as quarter hours: what a community's sheet says of both sides."""

from dataclasses import replace
from datetime import date

from depin_protocol.metering import Quality as MeterQuality
from depin_protocol.settlement.pool import Key
from settlement_node.market.quarter_hours.days import QUARTER, quarters_of
from settlement_node.market.quarter_hours.identities import doubts
from settlement_node.market.quarter_hours.of_settled import Figures, offers, series_of, whole_days
from settlement_node.market.quarter_hours.values import Code, Direction, Quality, Series
from tests.node.market.quarter_hour_files import HOME, ROOF, VIENNA
from tests.node.market.worked_month import INTERVALS, OCTOBER

START = OCTOBER.begins
WHOLE = 10_000


def figures(row: int, interval: int = 0, weight: int = 0) -> Figures:
    """Take a member's figures from the worked month: 0 is Ada, who sells, 1 is Bob."""
    lines = INTERVALS[interval].members[row]
    delivered_in, delivered_out = lines.trade.delivered_in, lines.trade.delivered_out
    return Figures(
        START + interval * QUARTER,
        delivered_in + lines.pool.taken + lines.grid.imported,
        delivered_out + lines.pool.given + lines.grid.exported,
        delivered_in,
        delivered_out,
        lines.pool.taken,
        lines.pool.given,
        weight,
        WHOLE,
        MeterQuality.MEASURED,
    )


def wh(series: list[Series]) -> dict[tuple[Direction, Code], list[int | None]]:
    return {
        (one.channel.direction, one.channel.code): [value.wh for value in one.values]
        for one in series
    }


def test_days_that_began_without_the_member_are_left_out() -> None:
    first, second = date(2026, 10, 24), date(2026, 10, 25)
    began, autumn = list(quarters_of(first, VIENNA))[40:], list(quarters_of(second, VIENNA))
    settled = [replace(figures(1), start=start) for start in (*began, *autumn)]
    kept, left_out = whole_days(settled, VIENNA)
    assert [one.start for one in kept] == autumn
    assert left_out == [first]
    assert whole_days(kept, VIENNA) == (kept, [])


def test_a_settled_interval_gives_the_codes_of_both_sides() -> None:
    ada, bob = figures(0), figures(1)
    offered = offers({"ada": [ada], "bob": [bob]}, {START: Key.DYNAMIC})
    # Bob took 1,200 Wh: 1,000 bought and 200 of the 500 that the pool had.
    assert wh(list(series_of(HOME, "Bob", [bob], {START: offered["bob", START]}))) == {
        (Direction.CONSUMPTION, Code.MEASURED): [1_200],
        (Direction.CONSUMPTION, Code.MEASURED_SHARE): [1_200],
        (Direction.CONSUMPTION, Code.OFFERED): [1_200],
        (Direction.CONSUMPTION, Code.COVERED): [1_200],
    }
    # Ada gave 1,500 Wh, and 300 of them found nobody.
    assert wh(list(series_of(ROOF, "Ada", [ada], {START: offered["ada", START]}))) == {
        (Direction.GENERATION, Code.MEASURED): [1_500],
        (Direction.GENERATION, Code.MEASURED_SHARE): [1_500],
        (Direction.GENERATION, Code.SURPLUS): [300],
    }


def test_by_a_static_key_a_share_is_offered_by_weight() -> None:
    members = {"ada": [figures(0, weight=1)], "bob": [figures(1, weight=4)]}
    offered = offers(members, {START: Key.STATIC})
    # Of the pool's 500 Wh four parts of five are Bob's, beside 1,000 bought.
    assert offered == {("ada", START): 100, ("bob", START): 1_400}
    series = tuple(series_of(HOME, "Bob", members["bob"], {START: 1_400}))
    assert list(doubts(series)) == []


def test_a_part_of_a_meter_is_no_measured_value_and_short_intervals_add_up() -> None:
    whole = figures(1)
    third = QUARTER // 3
    parts = [
        replace(whole, start=START + at * third, participation=5_000, quality=quality)
        for at, quality in enumerate(
            (MeterQuality.MEASURED, MeterQuality.ESTIMATED, MeterQuality.MEASURED)
        )
    ]
    offered = dict.fromkeys((one.start for one in parts), 1_200)
    series = list(series_of(HOME, "Bob", parts, offered))
    assert wh(series) == {
        (Direction.CONSUMPTION, Code.MEASURED_SHARE): [3_600],
        (Direction.CONSUMPTION, Code.OFFERED): [3_600],
        (Direction.CONSUMPTION, Code.COVERED): [3_600],
    }
    assert {value.quality for one in series for value in one.values} == {Quality.L2}
