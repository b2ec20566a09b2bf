"""What a store keeps of a ledger: rows, key columns first, and how they are read back."""

import enum
import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from settlement_node.ledger.accounts import Account, AccountKind, AccountName
from settlement_node.ledger.transfers import Transfer, packed, unpacked


class Logged(NamedTuple):
    """Where in the log something stands, and when: the only time that the ledger knows."""

    entry: int
    at: int


class Standing(enum.IntEnum):
    """How a transfer stands: booked for good, a reservation's four states, or refused for ever."""

    BOOKED = 0
    RESERVED = 1
    POSTED = 2
    VOIDED = 3
    EXPIRED = 4
    REFUSED = 5


# Twice as fast as naming the fields, where there are some for each transfer.
new_row: Final = tuple.__new__


class AccountRow(NamedTuple):
    """Table `account`, by number."""

    account: int
    data: bytes


class TransferRow(NamedTuple):
    """Table `transfer`, by id; a reservation's row is put anew when it ends."""

    id: bytes
    entry: int
    position: int
    data: bytes


class HistoryRow(NamedTuple):
    """Table `account_history`, by account, entry and position: balances after each transfer."""

    account: int
    entry: int
    position: int
    transfer: bytes
    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int


class PendingRow(NamedTuple):
    """Table `pending`: the reservations that stand, by when they expire (0: never) and id."""

    expires: int
    id: bytes


@dataclass(slots=True)
class Changes:
    """What is to be written in one commit; no key stands twice in a table."""

    accounts: list[AccountRow] = field(default_factory=list)
    transfers: list[TransferRow] = field(default_factory=list)
    history: list[HistoryRow] = field(default_factory=list)
    pending: list[PendingRow] = field(default_factory=list)
    no_longer_pending: list[PendingRow] = field(default_factory=list)


class UnreadableRowError(ValueError):
    """A row is not one that this ledger wrote; the message says which."""


# kind, closed, limit and the four sums; the owner follows.
_ACCOUNT: Final = struct.Struct(">BBqQQQQ")
_REFUSED: Final = bytes([Standing.REFUSED])
_CODE: Final = 3
"""Where a transfer's code stands, as `packed` writes it."""


def account_row(account: Account) -> AccountRow:
    """Write an account."""
    data = _ACCOUNT.pack(
        account.kind,
        account.closed,
        account.limit,
        account.debits_pending,
        account.debits_posted,
        account.credits_pending,
        account.credits_posted,
    )
    return new_row(AccountRow, (account.number, data + account.name.owner))


def account_of(row: AccountRow) -> Account:
    """Read an account."""
    try:
        kind, closed, limit, *sums = _ACCOUNT.unpack_from(row.data)
        name = AccountName(AccountKind(kind), row.data[_ACCOUNT.size :])
    except (struct.error, ValueError) as error:
        raise UnreadableRowError(f"account {row.account} can't be read: {error}") from None
    if closed not in {0, 1}:
        raise UnreadableRowError(f"account {row.account} is neither open nor closed: {closed}")
    account = Account(row.account, name, limit=limit, closed=bool(closed))
    (
        account.debits_pending,
        account.debits_posted,
        account.credits_pending,
        account.credits_posted,
    ) = sums
    return account


def transfer_row(transfer: Transfer, standing: Standing, entry: int, position: int) -> TransferRow:
    """Write a transfer and how it stands."""
    data = packed(transfer, standing)
    return new_row(TransferRow, (transfer.id, entry, position, data))


def history_row(account: Account, entry: int, position: int, name: bytes) -> HistoryRow:
    """Write what an account holds after a transfer."""
    sums = (
        account.number,
        entry,
        position,
        name,
        account.debits_pending,
        account.debits_posted,
        account.credits_pending,
        account.credits_posted,
    )
    return new_row(HistoryRow, sums)


def refused_row(name: bytes, entry: int, position: int) -> TransferRow:
    """Write that an id was refused for ever."""
    return TransferRow(name, entry, position, _REFUSED)


def code_of(row: TransferRow) -> int:
    """Read what a transfer is for, 0 of one that was refused, without reading all of it."""
    return row.data[_CODE] if len(row.data) > _CODE else 0


def transfer_of(row: TransferRow) -> tuple[Standing, Transfer | None]:
    """Read a transfer and how it stands; of one that was refused only the id is known."""
    try:
        standing = Standing(row.data[0])
        transfer = None if len(row.data) == 1 else unpacked(row.id, row.data[1:])
    except (IndexError, ValueError) as error:
        raise UnreadableRowError(f"transfer {row.id.hex()} can't be read: {error}") from None
    if (transfer is None) is not (standing is Standing.REFUSED):
        raise UnreadableRowError(f"transfer {row.id.hex()} is {standing.name}, and of a wrong form")
    return standing, transfer
