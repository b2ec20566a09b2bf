"""`settlement-node money`: what operators do with money by hand, signed and in the log."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from depin_protocol.durations import DAY
from depin_protocol.encoding import EncodingError, from_text
from settlement_node.commands.books import Books, written
from settlement_node.commands.common import (
    NAMES_BEGIN_WITH_HYPHENS,
    coop_option,
    data_option,
    folder_at,
    reason_option,
    run,
)
from settlement_node.commands.local_node import NoEffectError, operator
from settlement_node.governance.actions import Action
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import NodeFolder
from settlement_node.ledger.actions import (
    CancelPayout,
    CloseAccount,
    IdentifyLine,
    OpenBalance,
    RecordDeposit,
    RecordFunds,
    RecordPayout,
    ReopenAccount,
    ReservePayout,
    ReturnMovement,
    SetLimit,
)
from settlement_node.ledger.assets import Denomination
from settlement_node.ledger.bank.booking import payout_end_to_end
from settlement_node.ledger.outcomes import Outcome, code_of
from settlement_node.ledger.transfers import ID_LENGTH, Phase

type _Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _as_written(_ctx: click.Context, _param: click.Parameter, number: str | None) -> str | None:
    return None if number is None else written(number)


_member: Final[_Decorator] = click.argument("member")
_amount: Final[_Decorator] = click.argument("amount")
_transfer: Final[_Decorator] = click.argument("transfer")
_account: Final[_Decorator] = click.option(
    "--account",
    required=True,
    callback=_as_written,
    help="The bank account or cash box, by its number.",
)


def _by_hand(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what all of these have."""
    return data_option(coop_option(reason_option(command)))


@click.group()
def money() -> None:
    """Act as operator on money; each action is a signed statement in the log.

    Amounts are of the co-op's currency, as 12.50. A MEMBER is an identifier, or a name that only
    one has; ids of transfers are listed by `transfers`.
    """


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@_account
@_member
@_amount
def deposit(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path, coop: str | None, reason: str, account: str, member: str, amount: str
) -> None:
    """Book what a MEMBER has paid in, where no bank's statement tells it."""
    _act(
        path,
        coop,
        reason,
        lambda books: RecordDeposit(books.members.named(member), account, books.read_sum(amount)),
    )


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@_account
@click.option("--days", type=click.IntRange(1), help="After these it is the member's again.")
@click.option("--cash", is_flag=True, help="It was handed out already; no bank has to do it.")
@_member
@_amount
def payout(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path,
    coop: str | None,
    reason: str,
    account: str,
    member: str,
    amount: str,
    *,
    days: int | None,
    cash: bool,
) -> None:
    """Pay a MEMBER an AMOUNT, or `all`; set aside until the bank's statement shows it."""
    if cash and days is not None:
        raise click.UsageError("what was handed out has no days to wait: leave out one of the two")
    if cash and amount == "all":
        raise click.UsageError("say how much was handed out: `all` is for what a bank pays")

    def action(books: Books) -> Action:
        whose = books.members.named(member)
        if cash:
            return RecordPayout(whose, account, books.read_sum(amount))
        expires = None if days is None else now() + days * DAY
        asked = None if amount == "all" else books.read_sum(amount)
        return ReservePayout(whose, account, asked, expires)

    _act(path, coop, reason, action)


@money.command("cancel-payout")
@_by_hand
@_transfer
def cancel_payout(path: Path, coop: str | None, reason: str, transfer: str) -> None:
    """Release a payout that the bank will not do."""
    _act(path, coop, reason, lambda _: CancelPayout(_named(transfer)))


@money.command("return")
@_by_hand
@_transfer
def return_(path: Path, coop: str | None, reason: str, transfer: str) -> None:
    """Undo a deposit that was taken back, or a payout that did not arrive."""
    _act(path, coop, reason, lambda _: ReturnMovement(_named(transfer)))


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@click.option("--member", help="Whose it is; without it, the co-op's own.")
@_transfer
def identify(path: Path, coop: str | None, reason: str, member: str | None, transfer: str) -> None:
    """Say whose a bank line in suspense is."""

    def action(books: Books) -> Action:
        whose = None if member is None else books.members.named(member)
        return IdentifyLine(_named(transfer), whose)

    _act(path, coop, reason, action)


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@click.option("--member", help="What this member was owed; below zero, what it owed.")
@click.option("--account", callback=_as_written, help="What this bank account held.")
@_amount
def opening(  # noqa: PLR0913, PLR0917 - each is an argument or option
    path: Path, coop: str | None, reason: str, member: str | None, account: str | None, amount: str
) -> None:
    """Book what was held before these books began: by a member, a bank, else the co-op."""
    if member is not None and account is not None:
        raise click.UsageError("name a member or a bank account, not both")

    def action(books: Books) -> Action:
        whose = None if member is None else books.members.named(member)
        return OpenBalance(books.read_some(amount), whose, account)

    _act(path, coop, reason, action)


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@_account
@_amount
def funds(path: Path, coop: str | None, reason: str, account: str, amount: str) -> None:
    """Book what the co-op itself received, or below zero spent, without a bank's line."""
    _act(path, coop, reason, lambda books: RecordFunds(account, books.read_some(amount)))


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@_member
@_amount
def limit(path: Path, coop: str | None, reason: str, member: str, amount: str) -> None:
    """Let a MEMBER's orders go so far below zero; below zero: so much must stay."""
    _act(
        path, coop, reason, lambda books: SetLimit(books.members.named(member), books.read(amount))
    )


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@_member
def close(path: Path, coop: str | None, reason: str, member: str) -> None:
    """Close the empty money account of a MEMBER who has left."""
    _act(path, coop, reason, lambda books: CloseAccount(books.members.named(member)))


@money.command(context_settings=NAMES_BEGIN_WITH_HYPHENS)
@_by_hand
@_member
def reopen(path: Path, coop: str | None, reason: str, member: str) -> None:
    """Open a closed account again, for a late correction."""
    _act(path, coop, reason, lambda books: ReopenAccount(books.members.named(member)))


def _act(path: Path, coop: str | None, reason: str, action: Callable[[Books], Action]) -> None:
    decided, currency = run(_acted(folder_at(path), coop, reason, action))
    click.echo("done: it stands in the log")
    for line in _booked(decided, currency):
        click.echo(line)


async def _acted(
    node: NodeFolder, coop: str | None, reason: str, action: Callable[[Books], Action]
) -> tuple[Sequence[Mapping[str, Any]], Denomination]:
    async with operator(node, node.choose(coop)) as speaker:
        books = await Books.open(speaker)
        asked = action(books)
        await _check_known(books, asked)
        try:
            index = await speaker.act(asked, reason)
        except NoEffectError as error:
            if error.code != code_of(Outcome.EXCEEDS_DEBITS):
                raise
            raise NoEffectError(error.code, error.detail + await _left(books, asked)) from error
        return await speaker.decided_on(index), books.currency


async def _left(books: Books, action: Action) -> str:
    """Say what the bank account of a payout holds, which does not reach."""
    match action:
        case RecordPayout(account=number) | ReservePayout(account=number):
            account = await books.bank_account(number)
            if account is None:
                return ""
            # A bank's balance is a debit.
            there, leaving = map(books.currency.shown, (-account.holds, account.leaving))
            return f" {number} has {there}, of which {leaving} waits to leave."
    return ""


async def _check_known(books: Books, action: Action) -> None:
    """Let nobody sign for ever what speaks of something that is not there."""
    match action:
        case (
            RecordDeposit(account=str(number))
            | RecordPayout(account=str(number))
            | ReservePayout(account=str(number))
            | RecordFunds(account=str(number))
            | OpenBalance(account=str(number))
        ):
            await books.check_bank_account(number)
        case (
            CancelPayout(transfer=name)
            | ReturnMovement(transfer=name)
            | IdentifyLine(transfer=name)
        ):
            await books.check_transfer(name)


def _booked(decided: Sequence[Mapping[str, Any]], currency: Denomination) -> Iterator[str]:
    """Tell of each transfer, by the id that other commands want."""
    ended = {one.get("ends") for one in decided}
    for one in decided:
        if "code" not in one or one.get("phase") == Phase.POST.name:
            continue
        yield f"  {one['id']}  {one['code']}  {currency.shown(one['amount'])}"
        if one.get("phase") == Phase.RESERVE.name and one["id"] not in ended:
            name = payout_end_to_end(from_text(one["id"], ID_LENGTH))
            yield f"  so that the bank's statement tells it, pay it with the end-to-end id {name}"


def _named(transfer: str) -> bytes:
    try:
        return from_text(transfer, ID_LENGTH)
    except EncodingError as error:
        raise click.UsageError(f"the transfer's id is {error}") from None
