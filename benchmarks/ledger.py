"""Transfers a second: the ledger with its rows committed, beside SQLite inserting the same rows.

Both sides write the same rows in the same batches to a WAL file with `synchronous=FULL`. Seconds
are those of the process's own CPU, so that neighbours on the machine count little. Beside them the
ledger alone, in memory, with its rows made and thrown away. Below, `verify` of a co-op
whose log holds bank statements: each of their lines is a transfer, and a salted line of a decision.
"""

import argparse
import asyncio
import gc
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time
from typing import NamedTuple

import apsw

from depin_protocol.log.entries import DecisionEntry, read_entry
from settlement_node.commands.local_node import operator
from settlement_node.hosting.folder import NodeFolder
from settlement_node.hosting.founding import Wish, found
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.actions import BookBankLines, OpenBankAccount
from settlement_node.ledger.assets import Asset, usual_denominations
from settlement_node.ledger.bank.statement import BankLine
from settlement_node.ledger.codes import Code
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.rows import Changes, Logged
from settlement_node.ledger.transfers import Phase, Transfer, linked, post, transfer_id
from settlement_node.log.entries import read_decision
from settlement_node.log.reading import kept
from settlement_node.replay.verify import verify
from settlement_node.store.opening import open_store

ROUNDS = 5
AIM_COMMITTED = 0.5
AIM_ALONE = 100_000
BEGIN = 1_800_000_000_000
BOOKED = 1_780_000_000_000
IBAN = "DE02120300000000202051"
BANK_LINES = 300
BANK_STATEMENTS = 40
MONEY, WH = Asset.CURRENCY, Asset.CERTIFICATE

SCHEMA = """
    CREATE TABLE account (account INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE transfer (id BLOB PRIMARY KEY, entry INTEGER NOT NULL, position INTEGER NOT NULL,
        data BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE account_history (account INTEGER NOT NULL, entry INTEGER NOT NULL,
        position INTEGER NOT NULL, transfer BLOB NOT NULL, debits_pending INTEGER NOT NULL,
        debits_posted INTEGER NOT NULL, credits_pending INTEGER NOT NULL,
        credits_posted INTEGER NOT NULL,
        PRIMARY KEY (account, entry, position)) STRICT, WITHOUT ROWID;
    CREATE TABLE pending (expires INTEGER NOT NULL, id BLOB NOT NULL,
        PRIMARY KEY (expires, id)) STRICT, WITHOUT ROWID;
"""


class Plan(NamedTuple):
    """A ledger with its accounts, and the batches that it will get, one an entry."""

    ledger: Ledger
    batches: list[Sequence[Transfer]]


def intervals(homes: int, count: int) -> Plan:
    """Plan intervals: orders reserve, the gate takes, the settlement posts in one chain."""
    ledger = Ledger(usual_denominations("EUR", "SUN"))
    held, clearing, fees, issued, pool, bank = (
        ledger.open(AccountName(kind))
        for kind in (
            AccountKind.RESERVATIONS,
            AccountKind.INTERVAL_CLEARING,
            AccountKind.GRID_FEES,
            AccountKind.ISSUED_CERTIFICATES,
            AccountKind.CERTIFICATE_POOL,
            AccountKind.BANK,
        )
    )
    names = [b"%016d" % home for home in range(homes)]
    money = [ledger.open(AccountName(AccountKind.MEMBER_MONEY, name)) for name in names]
    roofs = [ledger.open(AccountName(AccountKind.MEMBER_CERTIFICATES, name)) for name in names]
    deposits = [
        Transfer(transfer_id(BEGIN, b"in", name), bank, account, 10**15, MONEY, Code.DEPOSIT)
        for name, account in zip(names, money, strict=True)
    ]
    batches: list[Sequence[Transfer]] = [deposits]
    for number in range(count):
        at = BEGIN + number
        about = b"main%08d" % number
        orders = [
            Transfer(
                transfer_id(at, b"order", name, about),
                account,
                held,
                90,
                MONEY,
                Code.ORDER_RESERVATION,
                Phase.RESERVE,
                expires=at + 10**6,
                reference=about,
            )
            for name, account in zip(names, money, strict=True)
        ]
        gate = [post(transfer_id(at, b"gate", order.id), order, 70) for order in orders]
        settlement = [
            Transfer(
                transfer_id(at, b"held", about), held, clearing, 70 * homes, MONEY,
                Code.CLEARED_RESERVATION, reference=about,
            )
        ]  # fmt: skip
        for name, account, roof in zip(names, money, roofs, strict=True):
            for kind, debit, credit, amount, asset, code in (
                (b"net", clearing, account, 60, MONEY, Code.SETTLEMENT_PAID),
                (b"made", issued, roof, 500, WH, Code.CERTIFICATES_ISSUED),
                (b"pool", roof, pool, 400, WH, Code.CERTIFICATES_INTO_POOL),
            ):
                settlement.append(
                    Transfer(
                        transfer_id(at, kind, name, about), debit, credit, amount, asset, code,
                        reference=about,
                    )
                )  # fmt: skip
        settlement.append(
            Transfer(
                transfer_id(at, b"fees", about), clearing, fees, 10 * homes, MONEY,
                Code.GRID_FEES, reference=about,
            )
        )  # fmt: skip
        batches += (orders, gate, linked(settlement))
    return Plan(ledger, batches)


def alone(plan: Plan) -> Iterator[Changes]:
    """Apply the batches; give each one's rows."""
    for entry, batch in enumerate(plan.batches):
        outcomes = plan.ledger.apply(batch, Logged(entry, BEGIN + entry))
        if not all(outcome.done for outcome in outcomes):
            raise SystemExit(f"refused: {set(outcomes)}")
        yield plan.ledger.take_changes()


def database(path: Path) -> apsw.Connection:
    """Make an empty file with the ledger's tables."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute(SCHEMA)
    return connection


def write(connection: apsw.Connection, changes: Changes) -> None:
    """Commit one batch of rows."""
    with connection:
        for statement, rows in (
            ("REPLACE INTO account VALUES (?, ?)", changes.accounts),
            ("REPLACE INTO transfer VALUES (?, ?, ?, ?)", changes.transfers),
            ("INSERT INTO account_history VALUES (?, ?, ?, ?, ?, ?, ?, ?)", changes.history),
            ("INSERT INTO pending VALUES (?, ?)", changes.pending),
            ("DELETE FROM pending WHERE expires = ? AND id = ?", changes.no_longer_pending),
        ):
            if rows:
                connection.executemany(statement, rows)


def committed(changes: Iterator[Changes] | list[Changes]) -> float:
    """Take the seconds of committing rows as they come."""
    with tempfile.TemporaryDirectory() as folder:
        connection = database(Path(folder) / "ledger.db")
        begin = process_time()
        for change in changes:
            write(connection, change)
        seconds = process_time() - begin
        connection.close()
    return seconds


def measure(homes: int, count: int) -> tuple[float, ...]:
    """Return transfers, and medians: a second committed, raw, alone; and the ratio."""
    ours, raw, memory = [], [], []
    transfers = 0
    for _ in range(ROUNDS):
        plan, again = intervals(homes, count), intervals(homes, count)
        gc.freeze()
        transfers = sum(map(len, plan.batches))
        begin = process_time()
        rows = list(alone(plan))
        memory.append(process_time() - begin)
        raw.append(committed(rows))
        rows.clear()
        ours.append(committed(alone(again)))
        gc.unfreeze()
    ratio = median(floor / whole for floor, whole in zip(raw, ours, strict=True))
    per_second = [transfers / median(seconds) for seconds in (ours, raw, memory)]
    return transfers, *per_second, ratio


def statement(number: int, reference: str) -> BookBankLines:
    """Make a bank's statement of deposits."""
    text = f"power {reference}"
    lines = tuple(
        BankLine(100 + one, BOOKED, f"{number}-{one}", "", text, "Ada", returned=False)
        for one in range(BANK_LINES)
    )
    return BookBankLines(IBAN, lines)


async def through_the_room(folder: Path) -> tuple[int, float, float]:
    """Book statements in a co-op; return transfers, and seconds of verify and of reading them."""
    node = NodeFolder(folder)
    wish = Wish("Street", "EUR", "SUN", "street", "http://127.0.0.1:8480", "Olga")
    coop = await found(node, wish)
    async with operator(node, coop) as speaker:
        reference = member_reference(speaker.coop, speaker.member)
        await speaker.act(OpenBankAccount(IBAN), "benchmark")
        for number in range(BANK_STATEMENTS):
            await speaker.act(statement(number, reference), "benchmark")
    store = await open_store(coop.books, coop.coop)
    try:
        begin = process_time()
        entries = (await verify(store)).entries
        whole = process_time() - begin
        log = await kept(store, 0, entries)
    finally:
        await store.close()
    begin = process_time()
    for one in log:
        entry = read_entry(one.entry)
        if isinstance(entry, DecisionEntry) and one.body is not None:
            read_decision(entry, one.body)
    return BANK_LINES * BANK_STATEMENTS, whole, process_time() - begin


def verified() -> None:
    """Print how fast verify follows decisions that hold transfers."""
    with tempfile.TemporaryDirectory() as folder:
        transfers, whole, reading = asyncio.run(through_the_room(Path(folder)))
    for words, seconds in (
        ("verify of bank statements, whole", whole),
        ("of it reading and hashing the decisions' lines", reading),
    ):
        print(
            f"{words:<48}{transfers / seconds:>10,.0f} transfers/s of a core"
            f"{10**6 * seconds / transfers:>8.1f} us each"
        )


def main() -> None:
    """Print both tables."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print(
        f"{'homes':>6}{'transfers':>11}{'committed /s':>14}{'raw rows /s':>13}{'ratio':>7}"
        f"{'':<13}{'alone, /s of a core':>20}"
    )
    for homes, count in ((10, 400), (100, 80), (1000, 10)):
        transfers, ours, raw, memory, ratio = measure(homes, count)
        verdict = f"{AIM_COMMITTED} {'holds' if ratio >= AIM_COMMITTED else 'MISSED'}"
        aim = f"{AIM_ALONE:,} {'holds' if memory >= AIM_ALONE else 'MISSED'}"
        print(
            f"{homes:>6}{transfers:>11,}{ours:>14,.0f}{raw:>13,.0f}{ratio:>7.2f}  {verdict:<11}"
            f"{memory:>20,.0f}  {aim}"
        )
    verified()


if __name__ == "__main__":
    main()
