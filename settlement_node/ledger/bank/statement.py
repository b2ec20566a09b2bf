"""A bank statement in ISO 20022 camt.053, as a list of what came in and went out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from settlement_node.ledger.assets import AmountError, Denomination
from settlement_node.ledger.bank.document import BankFileError, Element, read_document

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d{2})")
ACCOUNT: Final = re.compile("[A-Z0-9][A-Z0-9/-]{0,33}")
_OLDEST_VERSION: Final = 2
_NEWEST_VERSION: Final = 13
# What banks write where there is no reference.
_NO_REFERENCE: Final = {"", "NOTPROVIDED", "NONREF", "NOT PROVIDED"}
MAX_NAME: Final = 140
"""Most characters of a reference or a name; banks have 35 and 140."""
MAX_REMITTANCE: Final = 1000
"""Most characters of what a payer wrote; banks have 140 a line."""


class BankLine(NamedTuple):
    """One movement on the bank account; `amount` is above 0 where money came in.

    `booked` is the booking date's first instant in UTC. `returned` marks what undoes an earlier
    movement. `copy` counts the equal lines of a statement: they are different movements.
    """

    amount: int
    booked: int
    bank_reference: str
    end_to_end: str
    remittance: str
    counterparty: str
    returned: bool
    copy: int = 1


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A period of one bank account: what it held before and after, and each line between."""

    account: str
    number: str
    opening: int
    closing: int
    lines: tuple[BankLine, ...]


def read_statements(data: bytes, currency: Denomination) -> tuple[BankStatement, ...]:
    """Read a camt.053 file; what doesn't add up or is in another currency is refused whole."""
    namespace, document = read_document(data)
    version = _NAMESPACE.fullmatch(namespace)
    if version is None or not _OLDEST_VERSION <= int(version[1]) <= _NEWEST_VERSION:
        raise BankFileError(f"{namespace[:80]!r} is not camt.053; ask the bank for that format")
    found = tuple(
        _statement(statement, currency) for statement in document.all("BkToCstmrStmt", "Stmt")
    )
    if not found:
        raise BankFileError("there is no statement in the file")
    return found


def _statement(statement: Element, currency: Denomination) -> BankStatement:
    told = statement.first("Acct", "Id", "IBAN") or statement.first("Acct", "Id", "Othr", "Id")
    account = told.replace(" ", "").upper()
    if ACCOUNT.fullmatch(account) is None:
        raise BankFileError(f"{told[:40]!r} is not the number of a bank account")
    # Banks add available and expected balances, in other currencies too.
    balances = {
        kind: _signed(balance, currency)
        for balance in statement.all("Bal")
        if (kind := balance.first("Tp", "CdOrPrtry", "Cd")) in {"OPBD", "PRCD", "CLBD"}
    }
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    if opening is None or closing is None:
        raise BankFileError("a statement lacks its opening or closing balance; ask for final ones")
    lines = tuple(
        line
        for entry in statement.all("Ntry")
        if (entry.first("Sts", "Cd") or entry.first("Sts")) == "BOOK"
        for line in _lines(entry, currency)
    )
    difference = closing - opening - sum(line.amount for line in lines)
    if difference:
        raise BankFileError(
            f"the lines miss the closing balance by {currency.shown(difference)};"
            " get the whole statement from the bank"
        )
    numbered = tuple(_numbered(lines))
    return BankStatement(account, statement.first("Id"), opening, closing, numbered)


def _numbered(lines: Iterable[BankLine]) -> Iterator[BankLine]:
    seen: Counter[BankLine] = Counter()
    for line in lines:
        # The same movement, told with another name of the payer's, is the same.
        alike = line._replace(counterparty="", returned=False)
        seen[alike] += 1
        yield line._replace(copy=seen[alike])


def _lines(entry: Element, currency: Denomination) -> Iterator[BankLine]:
    whole = _signed(entry, currency)
    booked = _instant(entry.first("BookgDt", "Dt") or entry.first("BookgDt", "DtTm"))
    bank_reference = _reference(entry.first("AcctSvcrRef"))
    undoes = entry.first("RvslInd") in {"true", "1"}
    details = list(entry.all("NtryDtls", "TxDtls"))
    amounts: list[int | None] = [whole]
    # The detail of a single payment may tell its amount in the payer's currency.
    if len(details) > 1:
        amounts = [_detail_amount(detail, whole, currency) for detail in details]
    if not details or None in amounts or sum(filter(None, amounts)) != whole:
        # A collective booking whose parts are not told is one line, for a person to look at.
        details, amounts = [Element("TxDtls")], [whole]
    for detail, amount in zip(details, amounts, strict=True):
        if amount:
            yield BankLine(
                amount,
                booked,
                _reference(detail.first("Refs", "AcctSvcrRef")) or bank_reference,
                _reference(detail.first("Refs", "EndToEndId")),
                _remittance(detail, entry),
                _counterparty(detail, whole),
                undoes or any(detail.all("RtrInf")),
            )


def _detail_amount(detail: Element, whole: int, currency: Denomination) -> int | None:
    told = next(detail.all("Amt"), None) or next(detail.all("AmtDtls", "TxAmt", "Amt"), None)
    if told is None or told.first("Ccy") != currency.code:
        return None
    amount = _amount(told, currency)
    direction = detail.first("CdtDbtInd")
    return amount if direction == "CRDT" or (not direction and whole > 0) else -amount


def _remittance(detail: Element, entry: Element) -> str:
    texts = [
        *(found.text for found in detail.all("RmtInf", "Strd", "CdtrRefInf", "Ref")),
        *(found.text for found in detail.all("RmtInf", "Ustrd")),
        entry.first("AddtlNtryInf"),
    ]
    return "\n".join(filter(None, texts))[:MAX_REMITTANCE]


def _counterparty(detail: Element, whole: int) -> str:
    side = "Dbtr" if whole > 0 else "Cdtr"
    parties = ("RltdPties", side)
    return (detail.first(*parties, "Pty", "Nm") or detail.first(*parties, "Nm"))[:MAX_NAME]


def _reference(text: str) -> str:
    return "" if text.upper() in _NO_REFERENCE else text[:MAX_NAME]


def _signed(element: Element, currency: Denomination) -> int:
    told = next(element.all("Amt"), None)
    direction = element.first("CdtDbtInd")
    if told is None or direction not in {"CRDT", "DBIT"}:
        raise BankFileError("an amount lacks its figure or its direction")
    amount = _amount(told, currency)
    return amount if direction == "CRDT" else -amount


def _amount(told: Element, currency: Denomination) -> int:
    if told.first("Ccy") != currency.code:
        raise BankFileError(f"an amount is in {told.first('Ccy')[:8]!r}, not in {currency.code}")
    try:
        return currency.read(told.text)
    except AmountError as error:
        raise BankFileError(str(error)) from None


def _instant(date: str) -> int:
    try:
        day = datetime.fromisoformat(date[:10]).replace(tzinfo=UTC)
    except ValueError:
        raise BankFileError(f"{date[:40]!r} is not a booking date") from None
    return int(day.timestamp()) * 1000
