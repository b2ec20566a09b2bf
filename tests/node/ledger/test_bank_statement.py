"""camt.053 in its versions is read alike, and nothing that a file holds can hurt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_node.ledger.assets import Denomination
from settlement_node.ledger.bank.document import MAX_BYTES, MAX_DEPTH, BankFileError
from settlement_node.ledger.bank.statement import BankLine, BankStatement, read_statements
from tests.node.ledger.camt_files import IBAN, Entry, File, Part

EURO = Denomination("EUR", 9)
CENT = 10**7
NOVEMBER_2 = 1_793_577_600_000


def read(file: File) -> BankStatement:
    (statement,) = read_statements(file.xml(), EURO)
    return statement


@pytest.mark.parametrize("version", ["02", "04", "08", "10", "13"])
def test_each_version_says_the_same(version: str) -> None:
    statement = read(
        File(
            (
                Entry(
                    "25.50",
                    (Part(None, "E2E-1", ("for", "energy"), structured="RF18539007547034"),),
                    bank_reference="B1",
                ),
                Entry("5.25", (Part(payer="Shop", returned=True),), comes_in=False),
                Entry("9.99", status="PDNG"),
                Entry(
                    "30.00",
                    (Part("10.00", "A", payer="Bob"), Part("20.00", "B", payer="Cem")),
                ),
            ),
            closing="150.25",
            version=version,
        )
    )
    assert (statement.account, statement.opening, statement.closing) == (
        IBAN,
        10_000 * CENT,
        15_025 * CENT,
    )
    text = "RF18539007547034\nfor\nenergy"
    assert statement.lines == (
        BankLine(2550 * CENT, NOVEMBER_2, "B1", "E2E-1", text, "Ada", returned=False),
        BankLine(-525 * CENT, NOVEMBER_2, "", "", "", "Shop", returned=True),
        BankLine(1000 * CENT, NOVEMBER_2, "", "A", "", "Bob", returned=False),
        BankLine(2000 * CENT, NOVEMBER_2, "", "B", "", "Cem", returned=False),
    )


def test_a_collective_booking_without_its_parts_is_one_line() -> None:
    statement = read(File((Entry("30.00", (Part("10.00"), Part())),), closing="130.00"))
    assert [(line.amount, line.counterparty) for line in statement.lines] == [(3000 * CENT, "")]


@pytest.mark.parametrize("version", ["02", "08"])
def test_amounts_in_the_payers_currency_and_further_balances_are_passed_over(version: str) -> None:
    abroad = Part("330.00", "A", currency="SEK")
    statement = read(
        File(
            (Entry("30.00", (abroad,)), Entry("9.00", (abroad, abroad)), Entry("1.00", ())),
            closing="140.00",
            version=version,
            more='<Bal><Tp><CdOrPrtry><Cd>CLAV</Cd></CdOrPrtry></Tp><Amt Ccy="SEK">1</Amt></Bal>',
        )
    )
    assert [(line.amount // CENT, line.end_to_end) for line in statement.lines] == [
        (3000, "A"),
        (900, ""),
        (100, ""),
    ]


def test_a_reversal_and_an_overdrawn_account_are_told_apart() -> None:
    statement = read(
        File((Entry("150.00", comes_in=False, reversal=True),), closing="-50.00", version="02")
    )
    assert statement.closing == -5000 * CENT
    assert [(line.amount, line.returned) for line in statement.lines] == [(-15_000 * CENT, True)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not XML"),
        (b"<a><b></a>", "not XML"),
        (b"<a/>", "is not camt.053"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding"),
        (File((), version="01").xml(), "is not camt.053"),
        (File((), version="99").xml(), "is not camt.053"),
        (File((), iban="<x/>").xml(), "number of a bank account"),
        (File((), iban="DE02;DROP").xml(), "number of a bank account"),
        (File((), closing="100.01").xml(), "miss the closing balance by 0.01 EUR;"),
        (File((), balances=("OPBD",)).xml(), "lacks its opening or closing balance"),
        (File((Entry("1.00", currency="USD"),)).xml(), "'USD', not in EUR"),
        (File((Entry("1,00"),)).xml(), "not a decimal number"),
        (File((Entry("-1.00"),)).xml(), "not a decimal number"),
        (File((Entry("0.0000000001"),)).xml(), "more than the 9 decimals"),
        (File((Entry("4611686018427387904"),)).xml(), "smallest units or more"),
        (File((Entry("1.00", booked="2026-13-01"),)).xml(), "not a booking date"),
        (File((), before="<!DOCTYPE x>").xml(), "document type"),
        (
            File(
                (),
                before='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
                iban="&b;",
            ).xml(),
            "document type",
        ),
        (
            File((), before='<!DOCTYPE x SYSTEM "file:///etc/passwd">').xml(),
            "document type",
        ),
        (b" " * (MAX_BYTES + 1), "ask for shorter periods"),
        (b"<a>" * (MAX_DEPTH + 2), "too deep"),
        (b"<a>" + b"<b/>" * 1_000_001, "too many"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_statement_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(BankFileError) as refusal:
        read_statements(data, EURO)
    assert words in str(refusal.value)


GOOD = File((Entry("1.00", (Part(text=("RF18",)),)),), closing="101.00").xml()


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=6), st.integers(0, 40))
def test_altered_bytes_are_read_or_refused(at: int, new: bytes, drop: int) -> None:
    data = GOOD[:at] + new + GOOD[at + drop :]
    try:
        statements = read_statements(data, EURO)
    except BankFileError:
        return
    for statement in statements:
        assert statement.opening + sum(line.amount for line in statement.lines) == (
            statement.closing
        )
