"""A transfer: one amount of one asset from a debited account to a credited one."""

import enum
import struct
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code

ID_LENGTH: Final = 16
MAX_REFERENCE: Final = 64
"""Most bytes of a reference."""

_TIME_LENGTH: Final = 6
NO_ID: Final = b""


class Phase(enum.IntEnum):
    """What a transfer does: move at once, reserve, or end a reservation in one of two ways."""

    AT_ONCE = 0
    RESERVE = 1
    POST = 2
    VOID = 3


class Transfer(NamedTuple):
    """One movement, never altered; `expires` is of a reservation, 0 meaning never.

    `reference` says what it is about: the hash of a statement, an interval, another transfer.
    `linked` ties it to the next one: all of such a chain happen, or none.
    """

    id: bytes
    debit: int
    credit: int
    amount: int
    asset: Asset
    code: Code
    phase: Phase = Phase.AT_ONCE
    reserved_by: bytes = NO_ID
    expires: int = 0
    reference: bytes = b""
    linked: bool = False


class Cause(NamedTuple):
    """Why something is booked: the hash of a statement or the name of a decision, and its time."""

    name: bytes
    at: int


def transfer_id(at: int, *about: bytes) -> bytes:
    """Name a transfer by the moment (ms) that it is about and by what it is about.

    The same words give the same id, so that saying it twice does it once. The moment leads, so that
    rows lie in order of time and old ones need not be kept in memory.
    """
    told = b"".join([len(part).to_bytes(4) + part for part in about])
    digest = sha256(b"depin transfer v1\x00" + told).digest()
    return at.to_bytes(_TIME_LENGTH) + digest[: ID_LENGTH - _TIME_LENGTH]


def ids_in(transfers: Iterable[Transfer]) -> set[bytes]:
    """Name all that transfers name: themselves, and the reservations that they end."""
    return {name for one in transfers for name in (one.id, one.reserved_by) if name}


def id_at(moment: int) -> bytes:
    """Return what all ids of this moment and later are not below."""
    return moment.to_bytes(_TIME_LENGTH) + bytes(ID_LENGTH - _TIME_LENGTH)


def post(name: bytes, reservation: Transfer, amount: int) -> Transfer:
    """Take `amount` of what a reservation holds, and release the rest."""
    return _ending(name, reservation, amount, Phase.POST)


def void(name: bytes, reservation: Transfer) -> Transfer:
    """Release all that a reservation holds."""
    return _ending(name, reservation, reservation.amount, Phase.VOID)


def _ending(name: bytes, reservation: Transfer, amount: int, phase: Phase) -> Transfer:
    return reservation._replace(
        id=name, amount=amount, phase=phase, reserved_by=reservation.id, expires=0, linked=False
    )


def linked(transfers: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """Tie transfers into one chain: all of them, or none."""
    chain = list(transfers)
    return tuple(
        [transfer._replace(linked=True) for transfer in chain[:-1]]
        + [transfer._replace(linked=False) for transfer in chain[-1:]]
    )


class TransferFormError(ValueError):
    """The bytes are not those of a transfer; the message says why."""


# phase and link, asset, code, debit, credit, amount; then what only some phases have.
_BASE: Final = struct.Struct(">BBBQQQ")
_STANDING_AND_BASE: Final = struct.Struct(">BBBBQQQ")
_EXPIRES: Final = struct.Struct(">Q")
_LINKED: Final = 0x80
_RESERVE: Final = Phase.RESERVE
_AT_ONCE: Final = Phase.AT_ONCE


def packed(transfer: Transfer, standing: int) -> bytes:
    """Write how a transfer stands, and the transfer without its id."""
    _, debit, credit, amount, asset, code, phase, reserved_by, expires, reference, tied = transfer
    form = phase | _LINKED if tied else phase
    base = _STANDING_AND_BASE.pack(standing, form, asset, code, debit, credit, amount)
    if phase is _AT_ONCE:
        return base + reference
    if phase is _RESERVE:
        return base + _EXPIRES.pack(expires) + reference
    return base + reserved_by + reference


def unpacked(name: bytes, data: bytes) -> Transfer:
    """Read what `packed` wrote after how it stands; anything else is refused."""
    if len(name) != ID_LENGTH:
        raise TransferFormError(f"an id of {len(name)} bytes instead of {ID_LENGTH}")
    if len(data) < _BASE.size:
        raise TransferFormError(f"{len(data)} bytes are too few for a transfer")
    form, asset, code, debit, credit, amount = _BASE.unpack_from(data)
    try:
        phase = Phase(form & ~_LINKED)
        kinds = (Asset(asset), Code(code))
    except ValueError as error:
        raise TransferFormError(f"not a transfer of this version: {error}") from None
    expires, reserved_by, end = 0, NO_ID, _BASE.size
    if phase is Phase.RESERVE:
        end += _EXPIRES.size
        if len(data) < end:
            raise TransferFormError("a reservation without the moment that it expires")
        (expires,) = _EXPIRES.unpack_from(data, _BASE.size)
    elif phase is not Phase.AT_ONCE:
        end += ID_LENGTH
        reserved_by = data[_BASE.size : end]
        if len(reserved_by) != ID_LENGTH:
            raise TransferFormError("an end to a reservation that doesn't name it")
    reference = data[end:]
    if len(reference) > MAX_REFERENCE:
        raise TransferFormError(f"a reference of {len(reference)} bytes, at most {MAX_REFERENCE}")
    return Transfer(
        name,
        debit,
        credit,
        amount,
        *kinds,
        phase,
        reserved_by,
        expires,
        reference,
        bool(form & _LINKED),
    )
