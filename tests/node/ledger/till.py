"""Money in a village: what its operator does with it, and what then stands in the books."""

from depin_protocol.encoding import from_text, to_text
from depin_protocol.log.entries import DecisionEntry, read_entry
from settlement_node.governance.actions import Action
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.actions import BookBankLines, OpenBankAccount
from settlement_node.ledger.bank.statement import BankLine
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.ledger.rows import Standing, transfer_of
from settlement_node.ledger.tables import TABLES, transfer_rows
from settlement_node.ledger.transfers import Transfer
from settlement_node.log.entries import Decision, read_decision
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Row
from tests.node.village import Village
from tests.protocol.spoken import COOP, NOON, Home

CENT = 10**7
IBAN = "DE02120300000000202051"
CASH = "CASH"


def reference(home: Home) -> str:
    return member_reference(COOP, home.member)


def money(home: Home) -> AccountName:
    return AccountName(AccountKind.MEMBER_MONEY, from_text(home.member, 16))


def line(cents: int, text: str = "", end_to_end: str = "", **more: object) -> BankLine:
    """Make a line of a bank statement."""
    told = {"booked": NOON, "bank_reference": "", "counterparty": "Ada", "returned": False, **more}
    return BankLine(cents * CENT, end_to_end=end_to_end, remittance=text, **told)  # type: ignore[arg-type]


async def open_banks(here: Village) -> None:
    await here.act(OpenBankAccount(IBAN))
    await here.act(OpenBankAccount(CASH))


async def banked(here: Village, *lines: BankLine) -> Decision:
    """Import bank lines; return what was decided."""
    return await done(here, BookBankLines(IBAN, lines))


async def done(here: Village, action: Action) -> Decision:
    """Let the operator act; return what was decided on it."""
    await here.act(action)
    return await decision_at(here, here.coop.position.size - 1)


async def decision_at(here: Village, index: int) -> Decision:
    entry, body = await here.coop.entry(index), await here.coop.body(index)
    assert entry is not None
    assert body is not None
    read = read_entry(entry)
    assert isinstance(read, DecisionEntry)
    return read_decision(read, body)


def cents(here: Village, name: AccountName) -> int:
    """Return what an account holds."""
    return here.coop.ledger.balance(name).posted // CENT


async def transfers(store: Store) -> dict[str, Transfer]:
    """Read all transfers that stand, by their written ids."""
    found = (transfer_of(row) for row in await transfer_rows(store))
    return {to_text(one.id): one for standing, one in found if one and standing != Standing.REFUSED}


async def rows(store: Store) -> dict[str, list[Row]]:
    """Read all of the ledger's tables."""
    return {table.name: [row async for row in every_row(store, table)] for table in TABLES}
