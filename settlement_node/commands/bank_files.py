"""`settlement-node bank debits` and `bank credits`: files that the bank carries out.

Members' bank details come from a table of the operator's own and stand in no log.
"""

import csv
import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click

from depin_protocol.encoding import from_text
from settlement_node.commands.books import Books, written
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.issued import issued_statements
from settlement_node.commands.local_node import LocalNodeError, operator
from settlement_node.hosting.folder import NodeFolder
from settlement_node.ledger.accounts import AccountKind
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.transfers import ID_LENGTH, Phase, Transfer
from settlement_node.market.billing.json_file import read_json
from settlement_node.market.sepa.credit_transfers import write_credit_transfers
from settlement_node.market.sepa.direct_debits import write_direct_debits
from settlement_node.market.sepa.payments import (
    BankAccount,
    Credit,
    Creditor,
    Debit,
    Mandate,
    Message,
    SequenceType,
    credit_of,
    debit_of,
)
from settlement_node.output import shown

_MAX_FILE: Final = 2**24
_PAYEES: Final = frozenset(("member", "name", "iban"))
_MANDATES: Final = _PAYEES | {"mandate", "signed"}

type _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Day(click.ParamType[date]):
    """A day of the calendar."""

    name = "day"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value[:40]!r} is no day: write it like 2026-12-15", param, ctx)


_account: Final[_Decorator] = click.option(
    "--account", required=True, help="The co-op's bank account, by its IBAN."
)
_bic: Final[_Decorator] = click.option("--bic", default="", help="Its bank's BIC, if wanted.")
_due: Final[_Decorator] = click.option(
    "--due", required=True, type=_Day(), help="When the bank is to do it, such as 2026-12-15."
)
_file: Final[_Decorator] = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the operator says of a file."""

    account: str
    bic: str
    due: date


class _Table:
    """Members' bank details, a row each."""

    def __init__(self, data: bytes, wanted: frozenset[str]) -> None:
        """Read a CSV file with these columns."""
        try:
            self._rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise click.ClickException(f"the table is no CSV in UTF-8: {error}") from error
        missing = wanted - (self._rows[0].keys() if self._rows else set())
        if missing:
            raise click.ClickException(f"the table lacks the columns {', '.join(sorted(missing))}")

    def by_member(self, books: Books) -> dict[str, tuple[int, dict[str, str]]]:
        """Return each member's line with its number."""
        found: dict[str, tuple[int, dict[str, str]]] = {}
        for number, row in enumerate(self._rows, 2):
            member = books.members.named(row["member"] or "")
            if member in found:
                raise click.ClickException(
                    f"line {number}: the member is in line {found[member][0]}"
                )
            found[member] = number, {name: (row[name] or "").strip() for name in row if name}
        return found


@click.command()
@data_option
@coop_option
@click.option("--month", required=True, help="Of whose statements, such as 2026-11.")
@click.option(
    "--mandates",
    required=True,
    type=click.File("rb"),
    help="A CSV file: member, name, iban, mandate, signed; bic and sequence if wanted.",
)
@_account
@_bic
@click.option("--creditor-id", required=True, help="The co-op's, as its national bank gave it.")
@_due
@_file
def debits(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    month: str,
    mandates: io.BytesIO,
    account: str,
    bic: str,
    creditor_id: str,
    due: date,
    file: Path,
) -> None:
    """Write a FILE (pain.008.001.02) that collects what statements of a month leave to pay."""
    table = _Table(mandates.read(_MAX_FILE), _MANDATES)
    wish = _Wish(account, bic, due)
    _require_new(file)
    _finish(file, run(_debits(folder_at(path), coop, month, (table, wish, creditor_id))))


@click.command("credits")
@data_option
@coop_option
@click.option(
    "--payees",
    required=True,
    type=click.File("rb"),
    help="A CSV file: member, name, iban; bic if wanted.",
)
@_account
@_bic
@_due
@_file
def credits_(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    payees: io.BytesIO,
    account: str,
    bic: str,
    due: date,
    file: Path,
) -> None:
    """Write a FILE (pain.001.001.03) that pays the payouts which wait at a bank account."""
    table = _Table(payees.read(_MAX_FILE), _PAYEES)
    _require_new(file)
    _finish(file, run(_credits(folder_at(path), coop, table, _Wish(account, bic, due))))


def _require_new(file: Path) -> None:
    """Never write over what may be with the bank already."""
    if file.exists():
        raise click.ClickException(
            f"{shown(str(file))} is there already: if the bank had it, do not send another; else"
            " move it away"
        )


def _finish(file: Path, document: bytes) -> None:
    with file.open("xb") as fresh:
        fresh.write(document)
    click.echo(f"{file} is written: have the bank carry it out, once")


def _tell(left_out: list[str]) -> None:
    """Say who stands in no file and why, above all where there is none because of that."""
    for why in left_out:
        click.echo(f"  left out: {shown(why)}", err=True)


async def _debits(
    node: NodeFolder, coop: str | None, month: str, given: tuple[_Table, _Wish, str]
) -> bytes:
    table, wish, creditor_id = given
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        await _check_account(books, wish.account)
        name = await _coop_name(books)
        rows = table.by_member(books)
        found: list[Debit] = []
        left_out: list[str] = []
        issued = await issued_statements(books)
        newest = {one.member: one for one in issued}
        holds = await _money(books)
        for one in issued:
            if one.month != month or one.at_bank >= 0:
                continue
            who, last = books.members.name(one.member), newest[one.member]
            if last != one:
                left_out.append(f"{who}, whose {one.number} is carried on by {last.number}")
                continue
            if one.member not in rows:
                left_out.append(f"{who}, who has no mandate in the table")
                continue
            statement = read_json(await speaker.fetch(f"{one.path}/json"))
            with _in_line(rows[one.member][0]):
                mandate, sequence = _mandate(rows[one.member][1])
                debit = debit_of(statement, holds[one.member], mandate, sequence, wish.due)
            if debit is None:
                left_out.append(f"{who}, who owes no cent any more")
            else:
                found.append(debit)
    _tell(left_out)
    with _in_line():
        creditor = Creditor(BankAccount(name, wish.account, wish.bic), creditor_id)
        return write_direct_debits(_message(name), creditor, found)


async def _credits(node: NodeFolder, coop: str | None, table: _Table, wish: _Wish) -> bytes:
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        await _check_account(books, wish.account)
        name = await _coop_name(books)
        rows = table.by_member(books)
        payouts = await books.payouts()
    with _in_line():
        payer = BankAccount(name, wish.account, wish.bic)
    found: list[Credit] = []
    left_out: list[str] = []
    for one in payouts:
        if one.account != payer.iban:
            continue
        if one.member not in rows:
            left_out.append(f"{books.members.name(one.member)}, who is not in the table")
            continue
        number, row = rows[one.member]
        with _in_line(number):
            to = BankAccount(row["name"], row["iban"], row.get("bic", ""))
            payout = _waiting(one.id, one.amount)
            found.append(credit_of(payout, books.currency, to, wish.due, name))
    _tell(left_out)
    with _in_line():
        return write_credit_transfers(_message(name), payer, found)


async def _check_account(books: Books, number: str) -> None:
    """Insist that the bank account is the co-op's, so that no typo sends money elsewhere."""
    account = await books.bank_account(written(number))
    if account is None or account.closed:
        raise LocalNodeError(
            f"the co-op has no open bank account {shown(number)}, and nothing is written:"
            " `settlement-node accounts --all` lists those that it has"
        )


async def _money(books: Books) -> dict[str, int]:
    """Say what each member's money account holds now."""
    kind = AccountKind.MEMBER_MONEY.name
    return {one.owner: one.holds for one in await books.accounts() if one.kind == kind}


async def _coop_name(books: Books) -> str:
    facts = await books.speaker.ask(f"/v1/coops/{books.speaker.coop}")
    return str(facts["name"])


def _message(name: str) -> Message:
    made = datetime.now(UTC).replace(microsecond=0)
    return Message(f"{made:%Y%m%d%H%M%S}-{secrets.token_hex(4)}", made, name)


def _mandate(row: dict[str, str]) -> tuple[Mandate, SequenceType]:
    account = BankAccount(row["name"], row["iban"], row.get("bic", ""))
    mandate = Mandate(row["mandate"], date.fromisoformat(row["signed"]), account)
    return mandate, SequenceType(row.get("sequence") or SequenceType.RECURRENT)


def _waiting(name: str, amount: int) -> Transfer:
    """Name a payout that the node lists as waiting."""
    reserved = from_text(name, ID_LENGTH)
    return Transfer(reserved, 0, 0, amount, Asset.CURRENCY, Code.PAYOUT, Phase.RESERVE)


@contextmanager
def _in_line(number: int | None = None) -> Iterator[None]:
    """Say in which line of the table lies what no bank would take."""
    try:
        yield
    except ValueError as error:
        where = "" if number is None else f"line {number}: "
        raise click.ClickException(f"{where}{error}") from error
