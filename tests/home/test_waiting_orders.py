"""Orders that wait unsigned are dropped at their gate."""

from custom_components.depin.protocol.statements.trading import Cancellation, Curve, Order
from custom_components.depin.waiting_orders import WaitingOrders


def _order(price: int) -> Order:
    return Order("street", (Curve(1_790_000_000_000, "ask", ((price, 400),)),))


def test_an_order_waits_until_its_gate() -> None:
    """And is handed over once, in the order in which it was wanted."""
    orders = WaitingOrders()
    for price, gate in ((1, 100), (2, 50), (3, 101)):
        orders.add(_order(price), gate)
    assert orders.drop_late(99) == 1
    assert orders.drop_late(100) == 1
    assert len(orders) == 1
    assert orders.take() == [_order(3)]
    assert orders.take() == []


def test_while_stopped_only_what_takes_back_is_handed_over() -> None:
    """An order that was dropped does not come back when trading goes on."""
    orders = WaitingOrders()
    taking_back = Cancellation("street", ((1_790_000_000_000, "ask"),))
    orders.stopped = True
    orders.add(_order(1), 100)
    orders.add(taking_back, 100)
    assert orders.take() == [taking_back]
    orders.stopped = False
    assert orders.take() == []
