"""Bank files: as ISO's schemas and SEPA's rules want them, and known again when the bank tells."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import resources
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Denomination, usual_denominations
from settlement_node.ledger.bank.booking import BankDesk, Match, bank_account
from settlement_node.ledger.bank.statement import read_statements
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.money import cancelled, opening_balance, payout
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.rows import Logged
from settlement_node.ledger.transfers import Cause, Transfer
from settlement_node.market.billing.issuing import statement_of_account
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.sepa.credit_transfers import write_credit_transfers
from settlement_node.market.sepa.direct_debits import write_direct_debits
from settlement_node.market.sepa.identifiers import (
    IdentifierError,
    bank_id,
    bic,
    creditor_id,
    iban,
    latin,
)
from settlement_node.market.sepa.payments import (
    BankAccount,
    Credit,
    Creditor,
    Debit,
    Mandate,
    Message,
    Payment,
    PaymentError,
    SequenceType,
    credit_of,
    debit_end_to_end,
    debit_of,
)
from tests.node.ledger.camt_files import IBAN, Entry, File, Part
from tests.node.market.worked_month import ADA, BOB, CENT, EUR, books, issue_of, month_of

COOP = "A" * 22
MEMBER = "B" * 21 + "A"
REFERENCE = member_reference(COOP, MEMBER)
PAYER = replace(BOB, member=MEMBER, reference=REFERENCE)
MADE = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
DUE = date(2026, 11, 16)
MESSAGE = Message("SONNE-2026-11", MADE, "Sonnenhang eG")
CO_OP = BankAccount("Sonnenhang eG", IBAN, "BYLADEM1001")
CREDITOR = Creditor(CO_OP, "DE98ZZZ09999999999")
BOBS = BankAccount("Bob Müller", "AT61 1904 3002 3457 3201")
MANDATE = Mandate("MANDATE-7", date(2026, 1, 2), BOBS)
NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:%s}"
MOMENT = 1_794_182_400_000

OWING = statement_of_account(issue_of(PAYER, 2), books(0, month_of(1)), None)


def schema(name: str) -> xmlschema.XMLSchema:
    path = resources.files("sepaxml") / "schemas" / f"{name}.xsd"
    return xmlschema.XMLSchema(path.read_text())


DEBITS = schema("pain.008.001.02")
CREDITS = schema("pain.001.001.03")


def texts(data: bytes, schema_name: str, *path: str) -> list[str]:
    """List the texts at a path below the message."""
    prefix = NAMESPACE % schema_name
    message = ET.fromstring(data)[0]  # noqa: S314 - we wrote it
    return [
        found.text or "" for found in message.iterfind("/".join(prefix + name for name in path))
    ]


def check(data: bytes, schema_name: str, transaction: str, amount: tuple[str, ...]) -> list[int]:
    """Check counts, sums and characters of a file; give its amounts in cents, group by group."""
    (DEBITS if "008" in schema_name else CREDITS).validate(data.decode())
    prefix = NAMESPACE % schema_name
    message = ET.fromstring(data)[0]  # noqa: S314 - we wrote it
    cents = []
    for group in message.iterfind(f"{prefix}PmtInf"):
        told = [
            found.text or ""
            for found in group.iterfind("/".join(prefix + name for name in (transaction, *amount)))
        ]
        assert group.findtext(f"{prefix}NbOfTxs") == str(len(told))
        in_cents = [int(text.replace(".", "")) for text in told]
        total = sum(in_cents)
        assert group.findtext(f"{prefix}CtrlSum") == f"{total // 100}.{total % 100:02}"
        cents += in_cents
    total = sum(cents)
    assert texts(data, schema_name, "GrpHdr", "NbOfTxs") == [str(len(cents))]
    assert texts(data, schema_name, "GrpHdr", "CtrlSum") == [f"{total // 100}.{total % 100:02}"]
    for element in message.iter():
        assert re.fullmatch(r"[A-Za-z0-9 +?/:().,'\n-]*", element.text or "")
    return cents


def debit(number: int, cents: int, due: date, sequence: SequenceType) -> Debit:
    payment = Payment(f"{REFERENCE}-2026-{number:06}", cents, f"statement {number}")
    return Debit(payment, MANDATE, sequence, due)


def check_debits(data: bytes) -> list[int]:
    return check(data, "pain.008.001.02", "DrctDbtTxInf", ("InstdAmt",))


def check_credits(data: bytes) -> list[int]:
    return check(data, "pain.001.001.03", "CdtTrfTxInf", ("Amt", "InstdAmt"))


dues = st.sampled_from([DUE, date(2026, 12, 1), date(2027, 1, 4)])
amounts_of = st.lists(
    st.tuples(st.integers(1, 99_999_999_999), dues, st.sampled_from(list(SequenceType))),
    min_size=1,
    max_size=12,
)
names = st.text(st.characters(codec="utf-8"), max_size=90).map(lambda text: f"{text}Ä")


@settings(max_examples=40, deadline=None)
@given(amounts_of, names)
def test_debits_are_grouped_and_their_sums_are_exact(
    asked: list[tuple[int, date, SequenceType]], name: str
) -> None:
    creditor = replace(CREDITOR, account=replace(CO_OP, name=name, bic=""))
    debits = [debit(number, *each) for number, each in enumerate(asked, 1)]
    data = write_direct_debits(MESSAGE, creditor, debits)
    assert sorted(check_debits(data)) == sorted(cents for cents, _, _ in asked)
    groups = list(
        zip(
            texts(data, "pain.008.001.02", "PmtInf", "ReqdColltnDt"),
            texts(data, "pain.008.001.02", "PmtInf", "PmtTpInf", "SeqTp"),
            strict=True,
        )
    )
    assert groups == sorted({(due.isoformat(), sequence.value) for _, due, sequence in asked})


@settings(max_examples=40, deadline=None)
@given(amounts_of, names)
def test_credits_are_grouped_by_date_and_their_sums_are_exact(
    asked: list[tuple[int, date, SequenceType]], name: str
) -> None:
    credits_ = [
        Credit(Payment(f"{number:032X}", cents, name), replace(BOBS, name=name), due)
        for number, (cents, due, _) in enumerate(asked)
    ]
    data = write_credit_transfers(MESSAGE, CO_OP, credits_)
    assert sorted(check_credits(data)) == sorted(cents for cents, _, _ in asked)
    dates = texts(data, "pain.001.001.03", "PmtInf", "ReqdExctnDt")
    assert dates == sorted({due.isoformat() for _, due, _ in asked})


def test_a_debit_says_all_that_a_bank_needs() -> None:
    made = debit_of(OWING, OWING.closing, MANDATE, SequenceType.FIRST, DUE)
    assert made is not None
    data = write_direct_debits(MESSAGE, CREDITOR, [made])
    # Bob owes 0.8966 EUR: 89 cents are collected, 0.66 of a cent stays on his account.
    assert check_debits(data) == [89]
    assert OWING.stays == -66 * CENT // 100
    inside = ("PmtInf", "DrctDbtTxInf")
    for path, text in (
        (("GrpHdr", "MsgId"), "SONNE-2026-11"),
        (("GrpHdr", "CreDtTm"), "2026-11-03T09:30:00"),
        (("PmtInf", "PmtTpInf", "LclInstrm", "Cd"), "CORE"),
        (("PmtInf", "PmtTpInf", "SeqTp"), "FRST"),
        (("PmtInf", "ReqdColltnDt"), "2026-11-16"),
        (("PmtInf", "CdtrSchmeId", "Id", "PrvtId", "Othr", "Id"), "DE98ZZZ09999999999"),
        ((*inside, "PmtId", "EndToEndId"), f"{REFERENCE}-2026-000002"),
        ((*inside, "DrctDbtTx", "MndtRltdInf", "MndtId"), "MANDATE-7"),
        ((*inside, "DrctDbtTx", "MndtRltdInf", "DtOfSgntr"), "2026-01-02"),
        ((*inside, "Dbtr", "Nm"), "Bob Mueller"),
        ((*inside, "DbtrAcct", "Id", "IBAN"), "AT611904300234573201"),
        ((*inside, "DbtrAgt", "FinInstnId", "Othr", "Id"), "NOTPROVIDED"),
        ((*inside, "RmtInf", "Ustrd"), "Sonnenhang eG 2026-000002 2026-10"),
    ):
        assert texts(data, "pain.008.001.02", *path) == [text], path


class Books:
    """A ledger with what a bank file leads to."""

    def __init__(self) -> None:
        self.ledger = Ledger(usual_denominations("EUR", "SUN"))
        self.member = AccountName(AccountKind.MEMBER_MONEY, b"B")
        self.entry = 0
        self.book(
            opening_balance(self.ledger, bank_account(IBAN), 1000 * CENT, 1),
            opening_balance(self.ledger, self.member, 500 * CENT, 1),
        )

    def book(self, *transfers: Transfer) -> None:
        self.entry += 1
        outcomes = self.ledger.apply(transfers, Logged(self.entry, MOMENT))
        assert set(outcomes) == {Outcome.CREATED}

    def matches(self, *entries: Entry, closing: str) -> list[Match]:
        """Let the bank tell what it did."""
        (told,) = read_statements(File(entries, opening="10.00", closing=closing).xml(), EUR)
        desk = BankDesk(self.ledger, IBAN, {REFERENCE: self.member}, lambda _: None)
        return [booking.match for booking in desk.bookings(told.lines)]


def test_what_the_bank_collected_is_known_as_the_members() -> None:
    name = debit_end_to_end(OWING)
    entry = Entry("0.89", (Part(end_to_end=name, text=("collected",)),), booked="2026-11-16")
    assert Books().matches(entry, closing="10.89") == [Match.DEPOSIT]


def test_what_the_bank_paid_is_known_as_the_payout() -> None:
    books_ = Books()
    cause = Cause(b"payout", MOMENT)
    reserved = payout(books_.ledger, books_.member, bank_account(IBAN), 250 * CENT, cause)
    books_.book(reserved)
    credit = credit_of(reserved, EUR, BOBS, DUE, "Payout")
    data = write_credit_transfers(MESSAGE, CO_OP, [credit])
    assert check_credits(data) == [250]
    (name,) = texts(data, "pain.001.001.03", "PmtInf", "CdtTrfTxInf", "PmtId", "EndToEndId")
    entry = Entry("2.50", (Part(end_to_end=name),), comes_in=False, booked="2026-11-16")
    assert books_.matches(entry, closing="7.50") == [Match.PAYOUT]


def test_payments_that_no_bank_would_carry_out_are_refused() -> None:
    books_ = Books()
    bank = bank_account(IBAN)
    part = payout(books_.ledger, books_.member, bank, CENT + 1, Cause(b"a", MOMENT))
    whole = payout(books_.ledger, books_.member, bank, CENT, Cause(b"b", MOMENT))
    refusals: Sequence[tuple[Callable[[], object], str]] = (
        (lambda: credit_of(part, EUR, BOBS, DUE, "x"), "parts of a cent"),
        (lambda: credit_of(whole, replace(EUR, code="CHF"), BOBS, DUE, "x"), "SEPA moves EUR"),
        (
            lambda: credit_of(cancelled(whole, Cause(b"c", MOMENT)), EUR, BOBS, DUE, "x"),
            "only a reserved payout",
        ),
        (lambda: Payment("A", 0, "x"), "0 cents"),
        (lambda: Payment("A", 10**11, "x"), "cents"),
        (lambda: write_direct_debits(MESSAGE, CREDITOR, []), "nothing to pay"),
        (lambda: write_credit_transfers(MESSAGE, CO_OP, [twice, twice]), "comes twice"),
        (
            lambda: debit(1, 1, date(2026, 1, 1), SequenceType.FIRST),
            "is signed 2026-01-02, and the debit due",
        ),
        (
            lambda: debit_of(OWING, OWING.closing, MANDATE, SequenceType.FIRST, date(2026, 11, 2)),
            "is issued",
        ),
    )
    twice = Credit(Payment("A", 1, "x"), BOBS, DUE)
    for refused, words in refusals:
        with pytest.raises(PaymentError, match=words):
            refused()


def owed(statement: StatementOfAccount) -> int:
    made = debit_of(statement, statement.closing, MANDATE, SequenceType.RECURRENT, DUE)
    return made.payment.cents if made else 0


@given(st.integers(-(10**10), 10**10), st.sampled_from([9, 6, 2]))
def test_collecting_month_by_month_leaves_less_than_a_cent(opening: int, decimals: int) -> None:
    currency = Denomination("EUR", decimals)
    issue = replace(issue_of(PAYER, 1), currency=currency)
    statement = statement_of_account(issue, books(opening, ()), None)
    left = statement.closing + owed(statement) * statement.cent
    assert left == (statement.stays if opening < 0 else opening)
    assert left > -statement.cent


def test_a_banks_bic_stands_in_a_credit_where_it_is_known() -> None:
    credit = Credit(Payment("A", 1, "x"), replace(BOBS, bic="BKAUATWW"), DUE)
    data = write_credit_transfers(MESSAGE, CO_OP, [credit])
    assert check_credits(data) == [1]
    inside = ("PmtInf", "CdtTrfTxInf", "CdtrAgt", "FinInstnId", "BIC")
    assert texts(data, "pain.001.001.03", *inside) == ["BKAUATWW"]


@pytest.mark.parametrize(("holds", "cents"), [(-90 * CENT, 89), (-40 * CENT - 1, 40), (5, None)])
def test_what_was_paid_since_is_not_collected_again(holds: int, cents: int | None) -> None:
    made = debit_of(OWING, holds, MANDATE, SequenceType.RECURRENT, DUE)
    assert (None if made is None else made.payment.cents) == cents


@pytest.mark.parametrize(
    "wrong",
    [
        ("<CtrlSum>0.89</CtrlSum>", "<CtrlSum>0,89</CtrlSum>"),
        ("<Cd>CORE</Cd>", "<Cd>TOO-LONG-A-CODE-IS-WRONG-BEYOND-35</Cd><Cd>CORE</Cd>"),
        ("<PmtMtd>DD</PmtMtd>", ""),
        ("<SeqTp>FRST</SeqTp>", "<SeqTp>LAST</SeqTp>"),
        ("MANDATE-7", "M" * 36),
        ("<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>SLEV</ChrgBr><PmtMtd>DD</PmtMtd>"),
        ("AT611904300234573201", "61AT1904300234573201"),
        ("2026-11-16", "16.11.2026"),
    ],
)
def test_the_schema_that_files_are_held_against_notices_what_is_wrong(
    wrong: tuple[str, str],
) -> None:
    made = debit_of(OWING, OWING.closing, MANDATE, SequenceType.FIRST, DUE)
    assert made is not None
    data = write_direct_debits(MESSAGE, CREDITOR, [made]).decode()
    assert wrong[0] in data
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        DEBITS.validate(data.replace(*wrong))


def test_who_owes_nothing_is_not_collected_from() -> None:
    paid = statement_of_account(issue_of(ADA, 1), books(0, month_of(0)), None)
    assert debit_of(paid, paid.closing, MANDATE, SequenceType.FIRST, DUE) is None


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 00",
        "AT611904300234573201",
        "ch9300762011623852957",
        "MT84MALT011000012345MTLCAST001S",
        "NO9386011117947",
        "FR1420041010050500013M02606",
    ],
)
def test_ibans_that_hold(text: str) -> None:
    assert iban(text) == text.replace(" ", "").upper()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no IBAN"),
        ("DE89370400440532013001", "check digits"),
        ("DE8937040044053201300", "has 21 characters, where DE has 22"),
        ("US89370400440532013000", "does not take part"),
        ("DE٨٩370400440532013000", "no IBAN"),
    ],
)
def test_ibans_that_do_not_hold(text: str, words: str) -> None:
    with pytest.raises(IdentifierError, match=words):
        iban(text)


@given(st.integers(2, 19), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_an_iban_is_noticed(at: int, digit: str) -> None:
    text = "AT611904300234573201"
    altered = text[:at] + digit + text[at + 1 :]
    if altered != text:
        with pytest.raises(IdentifierError):
            iban(altered)


def test_ids_and_texts_are_as_banks_take_them() -> None:
    assert creditor_id("AT61 ZZZ 01234567890") == "AT61ZZZ01234567890"
    assert creditor_id("DE98ABC09999999999") == "DE98ABC09999999999"
    assert bic("byladem1001") == "BYLADEM1001"
    assert latin("x", "  Łódź & Straße № 5 — €7 ", 70) == "Lodz + Strasse No 5 7"
    assert latin("x", "ä" * 50, 70) == "ae" * 35
    refusals: Sequence[Callable[[], str]] = (
        lambda: creditor_id("DE97ZZZ09999999999"),
        lambda: bic("BANK"),
        lambda: bank_id("x", "A" * 36),
        lambda: bank_id("x", "/A"),
        lambda: bank_id("x", "A//B"),
        lambda: bank_id("x", "Ä"),
        lambda: latin("x", "田中", 70),
    )
    for refuse in refusals:
        with pytest.raises(IdentifierError):
            refuse()


def test_the_same_payments_give_the_same_bytes() -> None:
    debits = [debit(1, 5, DUE, SequenceType.FIRST), debit(2, 6, DUE, SequenceType.FIRST)]
    once = write_direct_debits(MESSAGE, CREDITOR, debits)
    assert once == write_direct_debits(MESSAGE, CREDITOR, list(debits))
    assert once.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
