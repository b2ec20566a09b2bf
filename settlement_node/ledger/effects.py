"""What a decision about money does, and who is told."""

from collections.abc import Iterator
from typing import Final

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.encoding import from_text, to_text
from depin_protocol.events import EventKind
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.statements.fields import ID, Fields
from settlement_node.intake.said import Telling
from settlement_node.ledger.accounts import MEMBERS_ACCOUNTS, AccountKind, AccountName
from settlement_node.ledger.bank.booking import bank_account
from settlement_node.ledger.bank.statement import ACCOUNT
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.lines import transfer_in
from settlement_node.ledger.transfers import Transfer
from settlement_node.log.entries import Decision, DecisionError

BOOKED: Final = "booked"
EXPIRED: Final = "reservations_expired"
BANK_ACCOUNT_OPENED: Final = "bank_account_opened"
LIMIT_SET: Final = "limit_set"
ACCOUNT_CLOSED: Final = "account_closed"
ACCOUNT_REOPENED: Final = "account_reopened"

KINDS: Final = frozenset(
    {BOOKED, EXPIRED, BANK_ACCOUNT_OPENED, LIMIT_SET, ACCOUNT_CLOSED, ACCOUNT_REOPENED}
)
REFUSED: Final = "refused"
"""What a line has that says of a bank's movement why it could not be booked."""


def money_of(member: str) -> AccountName:
    """Name a member's money account."""
    return AccountName(AccountKind.MEMBER_MONEY, from_text(member, ID_LENGTH))


def booked(decision: Decision, ledger: Ledger) -> list[Transfer]:
    """Read the transfers that a decision books; those that expire need none."""
    if decision.kind == EXPIRED:
        return []
    return [transfer_in(line, ledger) for line in decision.lines if REFUSED not in line]


def altered(decision: Decision, ledger: Ledger) -> None:
    """Alter an account itself."""
    fields = Fields(decision.lines[0], "line")
    if decision.kind == BANK_ACCOUNT_OPENED:
        ledger.open(bank_account(fields.text("account", ACCOUNT)))
        return
    if "account" in fields:
        name = bank_account(fields.text("account", ACCOUNT))
    else:
        name = money_of(fields.text("member", ID))
    if decision.kind == LIMIT_SET:
        ledger.set_limit(name, fields.integer("limit", 1 - MAX_AMOUNT, MAX_AMOUNT - 1))
    elif decision.kind == ACCOUNT_CLOSED:
        ledger.close(name)
    elif decision.kind == ACCOUNT_REOPENED:
        ledger.reopen(name)
    else:
        raise DecisionError(f"the decision {decision.kind} is unknown here")


def tellings(decision: Decision, ledger: Ledger, name: str, index: int) -> tuple[Telling, ...]:
    """Tell the members whose accounts a decision touches."""
    data: dict[str, object] = {"decision": name, "kind": decision.kind, "entry": index}
    concerned = sorted(set(_concerned(decision, ledger)))
    return tuple(Telling(member, EventKind.DECISION, data) for member in concerned)


def _concerned(decision: Decision, ledger: Ledger) -> Iterator[str]:
    for line in decision.lines:
        match line:
            case {"member": str(member)}:
                yield member
            case {"debit": int(debit), "credit": int(credit)}:
                yield from _owner(ledger, debit)
                yield from _owner(ledger, credit)
            case {"id": str(name)} if decision.kind == EXPIRED:
                reservation = ledger.reservation(from_text(name, ID_LENGTH))
                if reservation is not None:
                    yield from _owner(ledger, reservation.debit)


def _owner(ledger: Ledger, number: int) -> Iterator[str]:
    name = ledger.name(number)
    if name.kind in MEMBERS_ACCOUNTS:
        yield to_text(name.owner)
