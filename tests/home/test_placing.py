"""What is sent to the market's book, and what is left as it lies there."""

import pytest

from custom_components.depin.hand_order import Unfit, UnfitOrderError, fitted_step
from custom_components.depin.market import GridTariff, OpenInterval
from custom_components.depin.placing import Placing
from custom_components.depin.protocol.encoding import decode_json, encode_json
from custom_components.depin.protocol.settlement.charges import Fees, Vat
from custom_components.depin.protocol.statements.fields import Fields
from custom_components.depin.protocol.statements.trading import (
    Cancellation,
    Curve,
    Order,
    Side,
    Slot,
)

QUARTER = 900_000
FIRST = 2_000 * QUARTER


def interval(number: int) -> OpenInterval:
    start = FIRST + number * QUARTER
    return OpenInterval(
        start=start,
        end=start + QUARTER,
        gate=start - 300_000,
        low=0,
        high=500_000,
        tick=1_000,
        lot=10,
        most=10_000,
        cover=300_000,
        back=80_000,
        fees=Fees(),
        vat=Vat(),
        grid=GridTariff(300_000, 80_000),
        participation=10_000,
    )


SIDES: tuple[Side, ...] = ("ask", "bid")
AHEAD = [interval(number) for number in range(100)]


def test_each_side_has_orders_of_its_own() -> None:
    """So that money which does not reach for bids holds back no ask; none is too long."""
    wanted = {(one.start, side): ((100_000, 500),) for one in AHEAD for side in SIDES}
    said = Placing("street", {}).revise(wanted, AHEAD, ())
    orders = [one.order for one in said]
    assert [len(order.curves) for order in orders if isinstance(order, Order)] == [96, 4, 96, 4]
    for one in said:
        assert isinstance(one.order, Order)
        assert len({curve.side for curve in one.order.curves}) == 1
        assert one.gate == one.order.curves[-1].start - 300_000
        assert Order.read(Fields(decode_json(encode_json(one.order.to_json())))) == one.order


def test_what_is_nearly_the_same_stays() -> None:
    start = FIRST
    placing = Placing("street", {(start, "ask"): ((100_000, 500),)})
    for steps in (((100_000, 550),), ((100_000, 450),), ((100_000, 500),)):
        assert placing.revise({(start, "ask"): steps}, AHEAD, ()) == []
    (said,) = placing.revise({(start, "ask"): ((100_000, 551),)}, AHEAD, ())
    assert said.order == Order("street", (Curve(start, "ask", ((100_000, 551),)),))
    assert placing.placed == {(start, "ask"): ((100_000, 551),)}
    (said,) = placing.revise({(start, "ask"): ((99_000, 551),)}, AHEAD, ())
    # What the owner ordered by hand is ordered to the Wh.
    (said,) = placing.revise({(start, "ask"): ((99_000, 552),)}, AHEAD, {start})
    assert said.order == Order("street", (Curve(start, "ask", ((99_000, 552),)),))


def test_what_is_not_wanted_any_more_is_taken_back_in_order() -> None:
    placed = {(one.start, side): ((100_000, 500),) for one in AHEAD[:3] for side in SIDES}
    placing = Placing("street", placed)
    (said,) = placing.revise({(FIRST, "bid"): ((100_000, 500),)}, AHEAD, ())
    assert isinstance(said.order, Cancellation)
    assert said.order.slots == (
        (FIRST, "ask"),
        (FIRST + QUARTER, "bid"),
        (FIRST + QUARTER, "ask"),
        (FIRST + 2 * QUARTER, "bid"),
        (FIRST + 2 * QUARTER, "ask"),
    )
    written = decode_json(encode_json(said.order.to_json()))
    assert Cancellation.read(Fields(written)) == said.order
    assert said.gate == AHEAD[2].gate
    assert placing.revise({(FIRST, "bid"): ((100_000, 500),)}, AHEAD, ()) == []


def test_intervals_that_are_over_are_forgotten_and_later_ones_are_not() -> None:
    """An order further ahead than is looked now is taken back when its time comes."""
    slots: list[Slot] = [(FIRST, "ask"), (AHEAD[50].start, "ask")]
    placing = Placing("street", dict.fromkeys(slots, ((100_000, 500),)))
    assert placing.revise({}, AHEAD[1:20], ()) == []
    assert list(placing.placed) == slots[1:]
    (said,) = placing.revise({}, AHEAD[40:60], ())
    assert isinstance(said.order, Cancellation)
    assert placing.placed == {}
    assert placing.revise({}, [], ()) == []


@pytest.mark.parametrize(
    ("side", "price", "wh", "fitted"),
    [
        ("ask", 100_001, 509, (101_000, 500)),
        ("bid", 100_999, 509, (100_000, 500)),
        ("ask", 0, 10_000, (0, 10_000)),
        ("bid", 500_000, 10, (500_000, 10)),
    ],
)
def test_an_order_by_hand_never_goes_beyond_what_was_meant(
    side: Side, price: int, wh: int, fitted: tuple[int, int]
) -> None:
    assert fitted_step(AHEAD[0], side, price, wh, FIRST - 300_001) == fitted


@pytest.mark.parametrize(
    ("side", "price", "wh", "before", "why"),
    [
        ("ask", 100_000, 500, 300_000, Unfit.TOO_LATE),
        ("ask", 500_001, 500, 300_001, Unfit.OUTSIDE_BAND),
        ("bid", -1, 500, 300_001, Unfit.OUTSIDE_BAND),
        ("bid", 100_000, 10_001, 300_001, Unfit.TOO_MUCH),
        ("bid", 100_000, 9, 300_001, Unfit.TOO_LITTLE),
    ],
)
def test_an_order_without_effect_is_refused(
    side: Side, price: int, wh: int, before: int, why: Unfit
) -> None:
    with pytest.raises(UnfitOrderError) as refused:
        fitted_step(AHEAD[0], side, price, wh, FIRST - before)
    assert refused.value.why is why
