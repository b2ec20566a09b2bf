"""A statement of account as one table: the same rows in CSV and in a spreadsheet."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from settlement_node.market.billing.corrections import CorrectionLine
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.billing.taxes import TaxLine
from settlement_node.market.billing.wording import rate_words

COLUMNS: Final = ("section", "line", "about", "energy_wh", "amount", "unit")


class Section(enum.StrEnum):
    """The parts of a statement."""

    STATEMENT = "statement"
    ENERGY = "energy"
    ROOFS = "roofs"
    BALANCE = "balance"
    MONEY = "money"
    MOVEMENTS = "movements"
    CORRECTIONS = "corrections"
    VAT = "vat"
    GRID_MEMO = "grid_memo"
    REWARDS_MEMO = "rewards_memo"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is about, watt-hours or an amount with all its decimals, and its unit."""

    section: Section
    line: str
    about: str = ""
    energy_wh: int | None = None
    amount: str = ""
    unit: str = ""


def rows_of(statement: StatementOfAccount) -> Iterator[Row]:
    """Write every figure of a statement once, in the order of its parts."""
    yield from _head(statement)
    for energy in statement.energy:
        yield Row(Section.ENERGY, energy.kind, "", energy.wh)
    for roof in statement.roofs:
        yield Row(Section.ROOFS, "roof", roof.home, roof.wh)
    yield _money(statement, Section.BALANCE, "opening", statement.opening)
    for line in statement.money:
        yield _money(statement, Section.MONEY, line.kind, line.amount)
    for movement in statement.movements:
        when = utc(movement.at)
        yield _money(statement, Section.MOVEMENTS, movement.code, movement.amount, when)
    for correction in statement.corrections:
        yield from _correction(statement, correction)
    yield _money(statement, Section.BALANCE, "closing", statement.closing)
    for tax in statement.taxes:
        yield from _tax(statement, tax)
    yield _money(statement, Section.GRID_MEMO, "cost", -statement.grid.cost)
    yield _money(statement, Section.GRID_MEMO, "revenue", statement.grid.revenue)
    for reward in statement.rewards:
        amount = statement.token.written(reward.amount)
        yield Row(
            Section.REWARDS_MEMO,
            "reward",
            reward.contribution,
            amount=amount,
            unit=statement.token.code,
        )
    yield _money(statement, Section.BANK, "at_bank", statement.at_bank)
    yield _money(statement, Section.BANK, "stays", statement.stays)


def utc(moment: int) -> str:
    """Write a moment as ISO 8601, in UTC."""
    return datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _head(statement: StatementOfAccount) -> Iterator[Row]:
    earlier = statement.earlier
    for line, text in (
        ("number", str(statement.number)),
        ("issued", statement.issued.isoformat()),
        ("month", str(statement.month)),
        ("begins", utc(statement.month.begins)),
        ("ends", utc(statement.month.ends)),
        ("coop", statement.coop.name),
        ("coop_address", ", ".join(statement.coop.address)),
        ("coop_vat_id", statement.coop.vat_id),
        ("member", statement.member.member),
        ("member_name", statement.member.name),
        ("member_address", ", ".join(statement.member.address)),
        ("member_vat_id", statement.member.vat_id),
        ("reference", statement.member.reference),
        ("earlier", str(earlier.number) if earlier else ""),
        ("earlier_sha256", earlier.sha256 if earlier else ""),
        ("sha256", statement.sha256),
    ):
        yield Row(Section.STATEMENT, line, text)


def _correction(statement: StatementOfAccount, correction: CorrectionLine) -> Iterator[Row]:
    """Name the interval and the statement on each line of a correction."""
    about = f"{utc(correction.interval)} of {correction.corrects}: {correction.reason}"
    for energy in correction.energy:
        yield Row(Section.CORRECTIONS, energy.kind, about, energy.wh)
    for line in correction.money:
        yield _money(statement, Section.CORRECTIONS, line.kind, line.amount, about)


def _tax(statement: StatementOfAccount, tax: TaxLine) -> Iterator[Row]:
    about = f"{tax.direction} {rate_words(tax.rate)}"
    for line, amount in (
        ("taxable", tax.taxable),
        ("accrued", tax.accrued),
        ("brought", tax.brought),
        ("shown", tax.shown),
        ("carried", tax.carried),
    ):
        yield _money(statement, Section.VAT, line, amount, about)


def _money(
    statement: StatementOfAccount, section: Section, line: str, amount: int, about: str = ""
) -> Row:
    currency = statement.currency
    return Row(section, line, about, amount=currency.written(amount), unit=currency.code)
