"""Issue a member's statement of account from settled intervals and the ledger's balances."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain

from settlement_node.instants import shown_time
from settlement_node.ledger.assets import Denomination
from settlement_node.market.billing.cents import cent_of
from settlement_node.market.billing.corrections import (
    Correction,
    Roof,
    SettledInterval,
    correction_line,
    correction_taxes,
)
from settlement_node.market.billing.lines import (
    EnergyKind,
    EnergyLine,
    MoneyKind,
    MoneyLine,
    energy_of,
    money_of,
)
from settlement_node.market.billing.months import Month
from settlement_node.market.billing.numbers import StatementNumber
from settlement_node.market.billing.parties import Holder, Issuer
from settlement_node.market.billing.statement import (
    GridMemo,
    Movement,
    Reward,
    StatementError,
    StatementOfAccount,
)
from settlement_node.market.billing.taxes import TaxDirection, tax_lines


@dataclass(frozen=True, slots=True)
class Issue:
    """What stands at the head of a statement."""

    number: StatementNumber
    issued: date
    coop: Issuer
    member: Holder
    currency: Denomination
    token: Denomination


@dataclass(frozen=True, slots=True)
class AccountMonth:
    """A member's month in the books.

    The balances are what the ledger holds for the member: its money account and what gates hold
    for intervals that are not settled. `closing` is before this statement is booked, after all
    intervals of the month are settled. A first statement tells the opening balance as given.
    """

    month: Month
    opening: int
    closing: int
    intervals: tuple[SettledInterval, ...] = ()
    movements: tuple[Movement, ...] = ()
    corrections: tuple[Correction, ...] = ()
    rewards: tuple[Reward, ...] = ()


def statement_of_account(
    issue: Issue, account: AccountMonth, previous: StatementOfAccount | None
) -> StatementOfAccount:
    """Make the statement of a month; one that would not add up is refused."""
    _require_in_month(account)
    month = account.month
    if (issue.issued.year, issue.issued.month) <= (month.year, month.month):
        raise StatementError(f"{month} is not over on {issue.issued}: issue its statement later")
    for correction in account.corrections:
        if correction.corrects >= issue.number:
            raise StatementError(f"{correction.corrects} is not issued yet: correct an earlier one")
    if previous is not None:
        _require_next(issue, account, previous)
    parts = chain(
        chain.from_iterable(interval.taxes() for interval in account.intervals),
        chain.from_iterable(correction_taxes(each) for each in account.corrections),
    )
    taxes = tax_lines(parts, previous.taxes if previous else (), cent_of(issue.currency))
    wh: Counter[EnergyKind] = Counter()
    money: Counter[MoneyKind] = Counter()
    roofs: Counter[str] = Counter()
    for interval in account.intervals:
        for energy, watt_hours in energy_of(interval.lines):
            wh[energy] += watt_hours
        for kind, amount in money_of(interval.lines):
            money[kind] += amount
        money[MoneyKind.VAT_CHARGED] -= interval.lines.charges.vat
        for roof in interval.roofs:
            roofs[roof.home] += roof.wh
    corrections = tuple(correction_line(each) for each in account.corrections)
    credited = sum(line.shown for line in taxes if line.direction is TaxDirection.CREDITED)
    money[MoneyKind.VAT_CREDITED] = credited
    return StatementOfAccount(
        number=issue.number,
        issued=issue.issued,
        month=account.month,
        coop=issue.coop,
        member=issue.member,
        currency=issue.currency,
        token=issue.token,
        earlier=previous.as_earlier if previous else None,
        opening=account.opening,
        energy=tuple(EnergyLine(kind, wh[kind]) for kind in EnergyKind if wh[kind]),
        roofs=tuple(Roof(home, roofs[home]) for home in sorted(roofs) if roofs[home]),
        money=tuple(MoneyLine(kind, money[kind]) for kind in MoneyKind if money[kind]),
        movements=tuple(sorted(account.movements, key=lambda each: each.at)),
        corrections=corrections,
        taxes=taxes,
        grid=GridMemo(
            sum(interval.lines.grid.cost for interval in account.intervals),
            sum(interval.lines.grid.revenue for interval in account.intervals),
        ),
        rewards=account.rewards,
        closing=account.closing + credited + sum(line.amount for line in corrections),
    )


def _require_in_month(account: AccountMonth) -> None:
    """Refuse intervals and movements of other months, and an interval that comes twice."""
    _require_within(account.month, (each.start for each in account.intervals), "interval")
    _require_within(account.month, (each.at for each in account.movements), "movement")
    places = Counter((each.market, each.start) for each in account.intervals)
    twice = [start for (_, start), count in places.items() if count > 1]
    if twice:
        raise StatementError(f"the interval at {twice[0]} ms comes twice: settle it once")


def _require_within(month: Month, moments: Iterable[int], what: str) -> None:
    for moment in moments:
        if not month.holds(moment):
            raise StatementError(f"the {what} at {moment} ms is not of {month}: bill it in its own")


def _require_next(issue: Issue, account: AccountMonth, previous: StatementOfAccount) -> None:
    """Refuse what does not go on where the member's statement before ended."""
    if issue.number <= previous.number or issue.issued < previous.issued:
        raise StatementError(
            f"{issue.number} of {issue.issued} cannot follow {previous.number} of "
            f"{previous.issued}: take the next number, and today's date"
        )
    if issue.member.member != previous.member.member:
        raise StatementError(f"{previous.number} is another member's: give this member's last one")
    if issue.currency != previous.currency:
        raise StatementError(
            f"{previous.number} is in {previous.currency.code} with {previous.currency.decimals} "
            "decimals: go on in the same"
        )
    if account.month.begins < previous.month.ends:
        raise StatementError(
            f"{previous.number} goes up to {shown_time(previous.month.ends)}, and {account.month}"
            f" begins at {shown_time(account.month.begins)}: bill a later month, and all months by"
            " one time zone"
        )
    if account.opening != previous.closing:
        written = issue.currency.written
        raise StatementError(
            f"the opening balance is {written(account.opening)}, and {previous.number} closed with "
            f"{written(previous.closing)}: book what it said, or find what was booked besides"
        )
