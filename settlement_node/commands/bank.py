"""`settlement-node bank`: the co-op's bank accounts, and what their statements tell."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from depin_protocol.encoding import encode_json, to_text
from settlement_node.commands.bank_files import credits_, debits
from settlement_node.commands.books import Books, written
from settlement_node.commands.common import coop_option, counted, data_option, folder_at, run
from settlement_node.commands.local_node import LocalNodeError, NoEffectError, operator
from settlement_node.governance.actions import Action
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import NodeFolder
from settlement_node.instants import shown_time
from settlement_node.ledger.actions import (
    MAX_LINES,
    BookBankLines,
    CloseBankAccount,
    OpenBankAccount,
    line_row,
)
from settlement_node.ledger.bank.booking import MOST_AHEAD, line_id, missing_at_bank
from settlement_node.ledger.bank.iban import is_mistyped
from settlement_node.ledger.bank.statement import BankLine, BankStatement, read_statements
from settlement_node.ledger.beginning import TOO_OLD, TOO_OLD_WORDS
from settlement_node.ledger.codes import Code
from settlement_node.ledger.effects import REFUSED
from settlement_node.ledger.outcomes import words_of
from settlement_node.output import shown as printable

_MOST_BYTES: Final = 48 * 1024
"""Of the lines of one action: the rest of a statement needs room as well."""

_NOT_BOOKED: Final = 3
"""The exit code where lines of a bank's statement could not be booked; 1 and 2 are errors."""

_WORDS: Final = {
    Code.DEPOSIT.name: "paid in by a member",
    Code.PAYOUT.name: "a payout that waited",
    Code.DEPOSIT_RETURNED.name: "a deposit taken back",
    Code.PAYOUT_RETURNED.name: "a payout that came back",
    Code.UNMATCHED_IN.name: "IN SUSPENSE: whose is it?",
    Code.UNMATCHED_OUT.name: "IN SUSPENSE: who bears it?",
}


@dataclass(slots=True)
class _Report:
    """What an import did with the lines of one statement."""

    statement: BankStatement
    known: int
    booked: list[tuple[BankLine, str, str | None]]
    refused: dict[str, str]
    """Why lines could not be booked, by the names of their transfers."""
    missing: int


@click.group()
def bank() -> None:
    """Open the co-op's bank accounts, import what the bank booked, write what it is to do."""


bank.add_command(debits)
bank.add_command(credits_)


@bank.command("open")
@data_option
@coop_option
@click.argument("number")
def open_account(path: Path, coop: str | None, number: str) -> None:
    """Name a bank account by its NUMBER (an IBAN, say), or a cash box by any capital letters."""
    account = written(number)
    if is_mistyped(account):
        raise click.UsageError(
            f"{account} has wrong check digits for an IBAN: see what is mistyped"
        )
    run(_done(folder_at(path), coop, OpenBankAccount(account)))
    click.echo("done: money can come and go there")


@bank.command("close")
@data_option
@coop_option
@click.argument("number")
def close_account(path: Path, coop: str | None, number: str) -> None:
    """Close the empty bank account or cash box of this NUMBER; `bank open` opens it again."""
    run(_closed(folder_at(path), coop, CloseBankAccount(written(number))))
    click.echo("done: nothing comes or goes there any more")


@bank.command("import")
@data_option
@coop_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(path: Path, coop: str | None, file: Path) -> None:
    """Book a bank's statement, a camt.053 FILE; the same file twice changes nothing.

    Lines that could not be booked are told as NOT BOOKED, each with the reason, and the exit code
    is then 3.
    """
    reports, books = run(_imported(folder_at(path), coop, file.read_bytes()))
    for report in reports:
        _print(report, books)
    if any(report.refused for report in reports):
        sys.exit(_NOT_BOOKED)


async def _done(node: NodeFolder, coop: str | None, action: Action) -> None:
    async with operator(node, node.choose(coop)) as speaker:
        await speaker.act(action, "bank account")


async def _closed(node: NodeFolder, coop: str | None, action: CloseBankAccount) -> None:
    async with operator(node, node.choose(coop)) as speaker:
        await (await Books.open(speaker)).check_bank_account(action.account)
        await speaker.act(action, "bank account")


async def _imported(node: NodeFolder, coop: str | None, data: bytes) -> tuple[list[_Report], Books]:
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        statements = read_statements(data, books.currency)
        for statement in statements:
            if await books.bank_account(statement.account) is None:
                raise LocalNodeError(
                    f"the co-op has no bank account {statement.account}: if it is the co-op's,"
                    f" open it with `settlement-node bank open {statement.account}`"
                )
        return [await _booked(books, statement) for statement in statements], books


async def _booked(books: Books, statement: BankStatement) -> _Report:
    account = statement.account
    ids = {line: to_text(line_id(account, line)) for line in statement.lines}
    new = [line for line in statement.lines if await books.code_of(ids[line]) is None]
    misdated = {line: why for line in new if (why := _misdated(line)) is not None}
    refused = {ids[line]: why for line, why in misdated.items()}
    for portion in _portions([line for line in new if line not in misdated]):
        refused |= await _refused(books, account, portion)
    booked = [(line, ids[line], await books.code_of(ids[line])) for line in new]
    there = await books.bank_account(account)
    missing = missing_at_bank(0 if there is None else there.holds, statement)
    return _Report(statement, len(statement.lines) - len(new), booked, refused, missing)


def _misdated(line: BankLine) -> str | None:
    """Say of a booking date that no ledger could take it."""
    day = shown_time(line.booked).split()[0]
    if line.booked < 0:
        return f"Its booking date is {day}, before 1970: get the statement anew from the bank."
    if line.booked > now() + MOST_AHEAD:
        return (
            f"Its booking date is {day}, in the future: import it when the day has come, or get"
            " the statement anew from the bank."
        )
    return None


async def _refused(books: Books, account: str, lines: tuple[BankLine, ...]) -> dict[str, str]:
    """Have lines booked, and return why some were not, by the ids of their transfers."""
    try:
        index = await books.speaker.act(BookBankLines(account, lines), f"statement {account}")
    except NoEffectError as error:
        return {to_text(line_id(account, line)): error.detail for line in lines}
    decided = await books.speaker.decided_on(index)
    return {one["id"]: _words_of(one[REFUSED]) for one in decided if REFUSED in one}


def _words_of(code: str) -> str:
    return TOO_OLD_WORDS if code == TOO_OLD else words_of(code)


def _portions(lines: Sequence[BankLine]) -> Iterator[tuple[BankLine, ...]]:
    """Divide lines so that each part fits one statement."""
    portion: list[BankLine] = []
    size = 0
    for line in lines:
        length = len(encode_json(line_row(line))) + 1
        if portion and (len(portion) == MAX_LINES or size + length > _MOST_BYTES):
            yield tuple(portion)
            portion, size = [], 0
        portion.append(line)
        size += length
    if portion:
        yield tuple(portion)


def _print(report: _Report, books: Books) -> None:
    statement, shown = report.statement, books.currency.shown
    lines = counted(len(statement.lines), "line")
    click.echo(f"{statement.account} {printable(statement.number)}: {lines}")
    for line, name, code in report.booked:
        what = f"NOT BOOKED: {report.refused[name]}" if code is None else _WORDS[code]
        who = printable(line.counterparty)
        click.echo(f"  {shown(line.amount):>16}  {name}  {what}  {who}".rstrip())
    if report.known:
        click.echo(f"  in the books already: {counted(report.known, 'line')}")
    if not report.booked:
        click.echo("  nothing new")
    if report.missing:
        more = "more" if report.missing > 0 else "less"
        click.echo(f"  the books hold {shown(abs(report.missing))} {more} than the bank")
    else:
        click.echo(f"  the books agree with the bank: {shown(statement.closing)}")
