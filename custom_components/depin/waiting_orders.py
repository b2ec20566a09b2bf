"""Orders that wait, unsigned, for a node that does not answer; each is dropped at its gate."""

from typing import NamedTuple

from .protocol.statements.trading import Cancellation, FlexibleOrder, Order

type Offer = Order | Cancellation | FlexibleOrder


class Waiting(NamedTuple):
    """An order, and the moment from which it would come too late."""

    order: Offer
    gate: int


class WaitingOrders:
    """What is to be ordered once the node can be reached: signed now, it would only come late."""

    def __init__(self) -> None:
        """Begin with none."""
        self.stopped = False
        """Whether nothing may be ordered for now; what was ordered may still be taken back."""
        self._waiting: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, order: Offer, gate: int) -> None:
        """Let an order wait until its gate."""
        self._waiting.append(Waiting(order, gate))

    def drop_late(self, now: int) -> int:
        """Drop the orders whose gate has passed, and say how many these were."""
        before = len(self._waiting)
        self._waiting = [one for one in self._waiting if now < one.gate]
        return before - len(self._waiting)

    def take(self) -> list[Offer]:
        """Hand over what waits, in the order in which it was wanted; while stopped, drop orders."""
        taken, self._waiting = self._waiting, []
        return [
            one.order for one in taken if not self.stopped or isinstance(one.order, Cancellation)
        ]
