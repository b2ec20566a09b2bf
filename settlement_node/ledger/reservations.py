"""What orders reserve: one reservation for all that holds together, which only ever rises."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from depin_protocol.bounds import MAX_AMOUNT, MAX_ENERGY, MAX_PRICE
from depin_protocol.settlement.charges import Charges, Taken
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.transfers import Cause, Phase, Transfer, linked, post, transfer_id, void

_INSTANT: Final = 8


class ReservationError(ValueError):
    """What the order could come to reaches 2^62, or it is out of bounds: it has no effect."""


class Step(NamedTuple):
    """So many Wh at a limit."""

    price: int
    energy: int


def bid_reserves(steps: Iterable[Step], charges: Charges, returned: int) -> int:
    """Say what a bid holds: each step's Wh x (limit + the dearer of fees and VAT, and -returned).

    A Wh that is used costs fees and VAT; one that is not brings `returned`, which may be below 0.
    VAT is rounded up for each step, so that no fill of the whole costs more than this.
    """
    reserved = 0
    fees = charges.traded.grid_fee + charges.traded.levies + charges.traded.coop_fee
    for step in steps:
        _require_within(step, max(fees, abs(returned)))
        cost = step.price * step.energy
        line = charges.on(Taken(traded=step.energy, traded_cost=cost))
        tax = -(-line.taxable * charges.vat.numerator // charges.vat.denominator)
        reserved += max(0, cost + fees * step.energy + tax, cost - returned * step.energy)
    return _bounded(reserved)


def ask_reserves(steps: Iterable[Step], cover: int) -> int:
    """Say what an ask holds: each step's Wh x (max(0, cover) - limit), at least 0.

    Whoever delivers nothing pays the cover for what was sold at the limit; whoever delivers pays
    a limit below 0.
    """
    reserved = 0
    for step in steps:
        _require_within(step, abs(cover))
        reserved += step.energy * max(0, max(0, cover) - step.price)
    return _bounded(reserved)


@dataclass(frozen=True, slots=True)
class Holding:
    """Whose money orders hold, on which account, what for, and until when at most."""

    member: int
    reservations: int
    reference: bytes
    expires: int


def interval_reference(market: str, start: int) -> bytes:
    """Name a market's interval in a transfer."""
    return start.to_bytes(_INSTANT) + market.encode("ascii")


def raised(
    standing: Transfer | None, holding: Holding, amount: int, cause: Cause
) -> tuple[Transfer, ...]:
    """Have at least `amount` reserved, because of `cause`.

    Nothing to do if as much is held already; else one chain releases the old and reserves the new,
    so that an order past the limit leaves all as it was.
    """
    if amount <= (0 if standing is None else standing.amount):
        return ()
    reservation = Transfer(
        transfer_id(cause.at, b"reserve", cause.name, holding.reference),
        holding.member,
        holding.reservations,
        amount,
        Asset.CURRENCY,
        Code.ORDER_RESERVATION,
        Phase.RESERVE,
        expires=holding.expires,
        reference=holding.reference,
    )
    if standing is None:
        return (reservation,)
    return linked(
        (void(transfer_id(cause.at, b"release", cause.name, standing.id), standing), reservation)
    )


def at_gate(standing: Transfer, cleared: int, at: int) -> Transfer:
    """Take what was cleared out of a reservation, at most all of it, and release the rest."""
    name = transfer_id(at, b"gate", standing.id)
    return post(name, standing, min(cleared, standing.amount)) if cleared else void(name, standing)


def _require_within(step: Step, added: int) -> None:
    if not (0 <= step.energy <= MAX_ENERGY and abs(step.price) <= MAX_PRICE):
        raise ReservationError(f"{step.energy} Wh at {step.price} is out of bounds")
    _bounded(step.energy * (abs(step.price) + added))


def _bounded(amount: int) -> int:
    if amount >= MAX_AMOUNT:
        raise ReservationError("the order could come to 2^62 smallest units or more; divide it")
    return amount
