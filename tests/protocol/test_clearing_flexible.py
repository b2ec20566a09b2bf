"""Flexible orders over whole nights: never too much, never too dear, and full by the end.

The vectors of our own are in tests/vectors/flexible.json; run to write them.
"""

from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.bounds import MAX_ENERGY, MAX_PRICE
from depin_protocol.clearing.flexible import Delivery, flexible_bid
from depin_protocol.statements.trading import FlexibleOrder, Step
from tests.protocol.own_vectors import as_json, committed, write

MINUTE = 60_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
TEN_IN_THE_EVENING = 22 * HOUR

CAR = FlexibleOrder(
    "main", 12_000, 11_000, 200_000, TEN_IN_THE_EVENING, TEN_IN_THE_EVENING + 8 * HOUR
)


@dataclass
class Night:
    """An order, the intervals from before its beginning to after its end, and each one's band."""

    order: FlexibleOrder
    deliveries: list[Delivery]

    def room(self, delivery: Delivery) -> int:
        """Count the Wh that the power allows in an interval, minute by minute."""
        minutes = sum(
            self.order.begin <= at < self.order.end
            for at in range(delivery.start, delivery.start + delivery.length, MINUTE)
        )
        return minutes * self.order.power // 60


@st.composite
def nights(draw: st.DrawFn) -> Night:
    """Draw an order of whole minutes, whose ends may lie within intervals."""
    length = draw(st.sampled_from([5, 15, 30, 60]))
    begin = draw(st.integers(60, 120))
    minutes = draw(st.integers(1, 300))
    order = FlexibleOrder(
        "main",
        draw(st.integers(1, 4_000)),
        draw(st.integers(1, 3_000)),
        draw(st.integers(-30, 60)),
        begin * MINUTE,
        (begin + minutes) * MINUTE,
    )
    low = draw(st.integers(-40, 40))
    high = low + draw(st.integers(0, 60))
    tick = draw(st.sampled_from([1, 1, 5]))
    starts = range(0, (begin + minutes + 2 * length) * MINUTE, length * MINUTE)
    return Night(order, [Delivery(at, length * MINUTE, low, high, tick) for at in starts])


def filled(curve: tuple[Step, ...], price: int, offered: int) -> int:
    """Fill a curve from what is offered at a price."""
    return min(offered, sum(wh for limit, wh in curve if limit >= price))


@given(nights(), st.randoms(use_true_random=False))
def test_no_bid_is_too_much_too_dear_or_out_of_form(night: Night, random: Random) -> None:
    order, taken = night.order, 0
    for delivery in night.deliveries:
        curve = flexible_bid(order, taken, delivery)
        prices = [price for price, _ in curve]
        assert len(curve) <= 2
        assert prices == sorted(set(prices), reverse=True)
        assert all(wh > 0 for _, wh in curve)
        assert all(delivery.low <= price <= min(order.price, delivery.high) for price in prices)
        assert not any(price % delivery.tick for price in prices)
        bid = sum(wh for _, wh in curve)
        assert bid <= min(night.room(delivery), order.energy - taken)
        taken += random.randint(0, bid)
    assert taken <= order.energy


@given(nights())
def test_it_is_full_by_the_end_if_its_limit_buys_and_time_allows(night: Night) -> None:
    """Even if each interval sells at the limit alone; and else it takes all that it can."""
    order, taken = night.order, 0
    for delivery in night.deliveries:
        limit = min(order.price, delivery.high) // delivery.tick * delivery.tick
        if limit < delivery.low:
            return
        taken += filled(flexible_bid(order, taken, delivery), limit, MAX_ENERGY)
    assert taken == min(order.energy, sum(map(night.room, night.deliveries)))


@given(nights(), st.randoms(use_true_random=False))
def test_what_earlier_intervals_gave_is_never_missed_later(night: Night, random: Random) -> None:
    """Whatever the patient part gets: while the pressing part is filled, nothing is lost."""
    order, taken = night.order, 0
    for delivery in night.deliveries:
        curve = flexible_bid(order, taken, delivery)
        if not curve:
            if min(order.price, delivery.high) // delivery.tick * delivery.tick < delivery.low:
                return
            continue
        later = sum(map(night.room, night.deliveries[night.deliveries.index(delivery) + 1 :]))
        pressing = max(0, min(order.energy - taken - later, night.room(delivery)))
        limit = min(order.price, delivery.high) // delivery.tick * delivery.tick
        assert sum(wh for price, wh in curve if price == limit) >= pressing
        taken += random.randint(pressing, sum(wh for _, wh in curve))
    assert taken == min(order.energy, sum(map(night.room, night.deliveries)))


@given(nights())
def test_the_patient_price_rises_while_nothing_is_bought(night: Night) -> None:
    bids = [flexible_bid(night.order, 0, delivery) for delivery in night.deliveries]
    within = [
        bid[-1][0]
        for bid, delivery in zip(bids, night.deliveries, strict=True)
        if bid and night.room(delivery) == delivery.length // MINUTE * night.order.power // 60
    ]
    assert within == sorted(within)


@given(nights(), st.data())
def test_the_patient_price_falls_with_what_is_bought(night: Night, data: st.DataObject) -> None:
    delivery = data.draw(st.sampled_from(night.deliveries))
    more, fewer = sorted(data.draw(st.tuples(*[st.integers(0, night.order.energy - 1)] * 2)))
    before, after = (flexible_bid(night.order, taken, delivery) for taken in (more, fewer))
    assert bool(before) == bool(after)
    assert not before or after[-1][0] <= before[-1][0]


def test_waiting_costs_less_than_taking_what_comes_first() -> None:
    """Over prices spread evenly, and over nights that get cheaper or dearer by the hour."""
    for drift, gain in ((0, 25), (-2_000, 40), (2_000, 5)):
        random = Random(1)
        patient = hasty = 0
        for _ in range(200):
            prices = [
                min(190_000, max(80_000, random.randint(80_000, 190_000) + drift * (row - 16)))
                for row in range(32)
            ]
            patient += cost(prices, patient=True)
            hasty += cost(prices, patient=False)
        assert patient * 100 <= hasty * (100 - gain)


def cost(prices: list[int], *, patient: bool) -> int:
    """Charge a car at these prices, each of which sells whatever is wanted."""
    taken = paid = 0
    for row, price in enumerate(prices):
        delivery = Delivery(CAR.begin + row * QUARTER, QUARTER, 80_000, 300_000)
        wanted = min(CAR.energy - taken, CAR.power // 4)
        curve = flexible_bid(CAR, taken, delivery) if patient else ((CAR.price, wanted),)
        wh = filled(curve, price, MAX_ENERGY)
        taken += wh
        paid += wh * price
    assert taken == CAR.energy
    return paid


def test_a_worked_example() -> None:
    """12 kWh from 22:00 to 06:00 at most 11 kW: 2,750 Wh in each of 32 intervals, 88 kWh in all."""
    first = Delivery(CAR.begin, QUARTER, low=80_000, high=300_000)
    assert flexible_bid(CAR, 0, first) == ((80_000 + 120_000 * 12 // 88, 2_750),)
    late = replace(first, start=CAR.end - 5 * QUARTER)
    assert flexible_bid(CAR, 0, late) == (
        (200_000, 1_000),
        (80_000 + 120_000 * 12_000 // 13_750, 1_750),
    )
    assert flexible_bid(CAR, 0, replace(first, start=CAR.end - 4 * QUARTER)) == ((200_000, 2_750),)
    assert flexible_bid(CAR, 11_500, replace(first, start=CAR.end - QUARTER)) == ((200_000, 500),)
    for nothing in (
        flexible_bid(CAR, 12_000, first),
        flexible_bid(CAR, 0, replace(first, start=CAR.begin - QUARTER)),
        flexible_bid(CAR, 0, replace(first, start=CAR.end)),
        flexible_bid(CAR, 0, replace(first, low=200_001)),
    ):
        assert nothing == ()


def test_the_bounds_are_exact() -> None:
    order = FlexibleOrder("main", MAX_ENERGY, MAX_ENERGY, MAX_PRICE, 0, 8 * HOUR)
    delivery = Delivery(0, HOUR, -MAX_PRICE, MAX_PRICE)
    assert flexible_bid(order, 0, delivery) == ((-MAX_PRICE + 2 * MAX_PRICE // 8, MAX_ENERGY),)


def vectors() -> dict[str, Any]:
    """Make every vector anew."""
    late = replace(CAR, begin=CAR.begin + 4 * MINUTE, end=CAR.end - 7 * MINUTE)
    cases = [
        (order, taken, Delivery(CAR.begin + row * QUARTER, QUARTER, 80_001, 190_000, tick))
        for order, tick in ((CAR, 1), (late, 500), (replace(CAR, price=-5), 1))
        for row, taken in (
            (-1, 0),
            (0, 0),
            (0, 12_000),
            (5, 3_333),
            (27, 0),
            (28, 700),
            (31, 11_999),
            (32, 0),
        )
    ]
    return {
        "bids": [
            {
                "order": asdict(order),
                "taken": taken,
                "delivery": asdict(delivery),
                "bid": flexible_bid(order, taken, delivery),
            }
            for order, taken, delivery in cases
        ]
    }


def test_the_committed_vectors_are_what_the_code_makes() -> None:
    assert committed("flexible") == as_json(vectors())


if __name__ == "__main__":
    write("flexible", vectors())
