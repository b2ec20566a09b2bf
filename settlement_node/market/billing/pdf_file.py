"""A statement of account in PDF, for people: one page for a usual month."""

import calendar
from datetime import UTC, datetime
from typing import Final

from settlement_node.market.billing.lines import EnergyKind
from settlement_node.market.billing.paper import Entry, Paper
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.billing.summed_corrections import SummedCorrections, summed
from settlement_node.market.billing.taxes import TaxDirection
from settlement_node.market.billing.wording import (
    ENERGY_WORDS,
    MONEY_WORDS,
    MOVEMENT_WORDS,
    NOT_LIABLE,
    SELF_BILLED,
    TAX_WORDS,
    rate_words,
    reference_words,
)

_PARTS_OF_ANOTHER: Final = {
    EnergyKind.BOUGHT_DELIVERED,
    EnergyKind.UNUSED,
    EnergyKind.UNCOVERED,
    EnergyKind.SOLD_DELIVERED,
    EnergyKind.UNDELIVERED,
    EnergyKind.UNPLACED,
}
_TAKEN: Final = {
    EnergyKind.IMPORTED,
    EnergyKind.BOUGHT,
    EnergyKind.BOUGHT_DELIVERED,
    EnergyKind.UNUSED,
    EnergyKind.UNCOVERED,
    EnergyKind.POOL_TAKEN,
    EnergyKind.FROM_GRID,
    EnergyKind.CERTIFIED_IN,
    EnergyKind.UNATTRIBUTED_IN,
}
_SUPPLIED: Final = {EnergyKind.SOLD_DELIVERED, EnergyKind.POOL_GIVEN}
_MOST_ROOFS: Final = 8


def write_pdf(statement: StatementOfAccount) -> bytes:
    """Print a statement."""
    month = f"{calendar.month_name[statement.month.month]} {statement.month.year}"
    coop, member = statement.coop, statement.member
    paper = Paper(
        f"Statement of account {statement.number}",
        coop.name,
        f"{coop.name} · statement {statement.number} · SHA-256 {statement.sha256}",
        statement.issued,
    )
    paper.letterhead(
        (coop.name, *coop.address, _vat_id(coop.vat_id)),
        (member.name, *member.address, _vat_id(member.vat_id)),
        f"Statement of account, {month}",
    )
    paper.facts(
        (
            ("Number", str(statement.number)),
            ("Issued", statement.issued.isoformat()),
            ("Follows", str(statement.earlier.number) if statement.earlier else "no earlier one"),
            ("Your reference", reference_words(member.reference)),
        )
    )
    _money(paper, statement)
    _energy(paper, statement)
    _taxes(paper, statement)
    _rewards(paper, statement)
    return bytes(paper.output())


def _money(paper: Paper, statement: StatementOfAccount) -> None:
    written = statement.currency.written
    paper.section("Your account", f"{statement.currency.code}, minus: you pay")
    paper.total("Opening balance", written(statement.opening))
    for line in statement.money:
        paper.row(MONEY_WORDS[line.kind], written(line.amount))
    for movement in statement.movements:
        words = f"{MOVEMENT_WORDS[movement.code]}, {_day(movement.at)}"
        paper.row(words, written(movement.amount))
    corrections = list(summed(statement.corrections))
    for correction in corrections:
        kind = "Credit note" if correction.amount > 0 else "Correction"
        intervals = _intervals(correction.intervals)
        paper.row(
            f"{kind} to {correction.corrects}, {intervals}: {correction.reason}",
            written(correction.amount),
        )
        paper.row(_parts(statement, correction), "", inset=True)
    if any(len(correction.intervals) > 1 for correction in corrections):
        paper.note("Each corrected interval stands in the other files of this statement.")
    paper.total("Closing balance", written(statement.closing))
    code = statement.currency.code
    cents = statement.currency.shown(abs(statement.at_bank))
    if statement.at_bank > 0:
        paper.row(f"Of it a bank can pay out to you: {cents}", "", strong=True)
    elif statement.at_bank < 0:
        paper.row(f"Of it you owe, in whole cents: {cents}", "", strong=True)
    if statement.stays:
        paper.note(
            f"{written(statement.stays)} {code} is less than a cent and stays on your account; "
            "it is part of the next opening balance."
        )


def _intervals(starts: tuple[int, ...]) -> str:
    """Say which intervals are corrected."""
    if len(starts) == 1:
        return f"interval of {_minute(starts[0])} UTC"
    return f"{len(starts):,} intervals, {_minute(starts[0])} to {_minute(starts[-1])} UTC"


def _parts(statement: StatementOfAccount, correction: SummedCorrections) -> str:
    """Say what corrections are made of."""
    written = statement.currency.written
    money = (f"{MONEY_WORDS[kind]} {written(amount)}" for kind, amount in correction.money.items())
    energy = (f"{_in_full(kind)} {_kwh_more(wh)}" for kind, wh in correction.energy.items())
    return "; ".join((*money, *energy))


def _in_full(kind: EnergyKind) -> str:
    """Name a part of what was bought or sold where nothing stands above it."""
    if kind not in _PARTS_OF_ANOTHER:
        return ENERGY_WORDS[kind]
    return f"{'Bought' if kind in _TAKEN else 'Sold'}, {ENERGY_WORDS[kind]}"


def _energy(paper: Paper, statement: StatementOfAccount) -> None:
    paper.section("Your energy", "kWh")
    entries = {
        line.kind: Entry(ENERGY_WORDS[line.kind], _kwh(line.wh), line.kind in _PARTS_OF_ANOTHER)
        for line in statement.energy
    }
    paper.halves(
        [entry for kind, entry in entries.items() if kind in _TAKEN],
        [entry for kind, entry in entries.items() if kind not in _TAKEN],
    )
    grid = statement.grid
    if grid.cost or grid.revenue:
        bills, pays = (_in_cents(statement, amount) for amount in (grid.cost, grid.revenue))
        paper.note(
            f"For the rest your own supplier bills about {bills} and pays about {pays}, by your "
            "tariffs; not on this account."
        )
    roofs = [
        Entry(roof.home, _kwh(roof.wh))
        for roof in sorted(statement.roofs, key=lambda roof: (-roof.wh, roof.home))
    ]
    if roofs:
        paper.section("Whose roofs it came from", "kWh")
        shown = roofs if len(roofs) <= _MOST_ROOFS else roofs[: _MOST_ROOFS - 1]
        if len(shown) < len(roofs):
            told = {entry.label for entry in shown}
            rest = sum(roof.wh for roof in statement.roofs if roof.home not in told)
            shown.append(Entry(f"{len(roofs) - len(shown)} more homes", _kwh(rest)))
        middle = (len(shown) + 1) // 2
        paper.halves(shown[:middle], shown[middle:])


def _taxes(paper: Paper, statement: StatementOfAccount) -> None:
    if statement.taxes:
        paper.section("Value added tax", statement.currency.code)
        paper.columns(("", "on", "tax", "brought forward", "shown", "carried on"), heading=True)
    written = statement.currency.written
    for line in statement.taxes:
        paper.columns(
            (
                f"{rate_words(line.rate)} {TAX_WORDS[line.direction]}",
                *map(written, (line.taxable, line.accrued, line.brought)),
                statement.currency.shown(line.shown).split()[0],
                written(line.carried),
            )
        )
    if any(line.direction is TaxDirection.CREDITED for line in statement.taxes):
        paper.note(SELF_BILLED)
    elif any(line.kind in _SUPPLIED for line in statement.energy):
        paper.note(NOT_LIABLE)


def _rewards(paper: Paper, statement: StatementOfAccount) -> None:
    if statement.rewards:
        paper.section("Rewards, for information", statement.token.code)
    rewards = [
        Entry(reward.contribution, statement.token.written(reward.amount))
        for reward in statement.rewards
    ]
    paper.halves(rewards[::2], rewards[1::2])


def _vat_id(number: str) -> str:
    return f"VAT id {number}" if number else ""


def _in_cents(statement: StatementOfAccount, amount: int) -> str:
    return statement.currency.shown(amount // statement.cent * statement.cent)


def _kwh(wh: int) -> str:
    return f"{wh // 1000}.{wh % 1000:03}"


def _kwh_more(wh: int) -> str:
    return f"{'-' if wh < 0 else '+'}{_kwh(abs(wh))} kWh"


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%d")


def _minute(moment: int) -> str:
    return datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%d %H:%M")
