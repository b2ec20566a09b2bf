"""A co-op's money as its operator sees it: commands, a running node, a bank's files."""

from pathlib import Path

from depin_protocol.invite import parse_invite
from settlement_node.ledger.creditor_reference import member_reference
from tests.node.api.neighbour import Neighbour
from tests.node.ledger.camt_files import IBAN, Entry, File, Part
from tests.system.node_process import command, new_coop, partly, refused, running


def bank_file(folder: Path, *entries: Entry, opening: str, closing: str) -> Path:
    path = folder / f"{closing}.xml"
    path.write_bytes(File(entries, opening, closing).xml())
    return path


def ids(printed: str, words: str, place: int = 2) -> list[str]:
    """Find the transfers of the lines that were told of in these words."""
    found = (line.split() for line in printed.splitlines() if words in line)
    return [parts[place] for parts in found]


def test_a_bank_statement_is_imported_and_money_moved_by_hand(tmp_path: Path) -> None:
    node = tmp_path / "node"
    coop = new_coop(node)
    data = ("--data", node)
    why = (*data, "--reason", "agreed")
    with running(node) as (port, _):
        home = Neighbour(coop)
        assert home.join(port, parse_invite(command("invite", *data)).code).status == 201
        assert home.tell(port, home.open("trading")).status == 200
    statement = bank_file(
        tmp_path,
        Entry("20.00", (Part(text=(f"power {member_reference(coop, home.member)}",)),)),
        Entry("7.00", (Part(text=("hello",)),)),
        opening="100.00",
        closing="127.00",
    )
    assert "open it with" in refused("bank", "import", *data, statement)
    command("bank", "open", *data, IBAN)
    command("money", "opening", *why, "--account", IBAN, "100")
    first = command("bank", "import", *data, statement)
    assert "WHOSE IS IT?" in command("transfers", *data, "suspense")
    assert "paid in by a member" in first
    assert "the books agree with the bank: 127.00 EUR" in first
    (unknown,) = ids(first, "whose is it?")
    again = command("bank", "import", *data, statement)
    assert "in the books already: 2 lines" in again
    assert "nothing new" in again

    command("money", "identify", *why, f"--member={home.member}", unknown)
    assert "already" in refused("money", "identify", *why, unknown)
    (line,) = [
        row
        for row in command("transfers", *data, "suspense").splitlines()
        if "7.00" in row and "about" not in row
    ]
    assert line.startswith(unknown)
    assert "WHOSE" not in line
    with running(node):
        reserved = command("money", "payout", *why, "--account", IBAN, home.member, "5.50")
        (going,) = ids(reserved, "PAYOUT", 0)
        (named,) = ids(reserved, "end-to-end id", -1)
        listed = command("accounts", *data)
        (waiting,) = [line.split() for line in listed.splitlines() if going in line]
        assert waiting[1:4] == [home.member, "5.50", "EUR"]
        assert waiting[-1] == named
        held = next(line for line in listed.splitlines() if home.member in line)
        assert "27.00 EUR" in held
        assert "5.50 EUR reserved" in held
        assert "not that much left" in refused(
            "money", "payout", *why, "--account", IBAN, home.member, "21.51"
        )
        command("bank", "open", *data, "TILL")
        short = refused("money", "payout", *why, "--account", "TILL", home.member, "1.00")
        assert "TILL has 0.00 EUR, of which 0.00 EUR waits to leave" in short
        fee = bank_file(
            tmp_path,
            Entry("1.00", (Part(text=("fee",)),), comes_in=False),
            opening="126.00",
            closing="125.00",
        )
        assert "the books hold 1.00 EUR more than the bank" in command("bank", "import", *data, fee)
        paid = bank_file(
            tmp_path,
            Entry("5.50", (Part(end_to_end=named),), comes_in=False),
            opening="126.00",
            closing="120.50",
        )
        assert "a payout that waited" in command("bank", "import", *data, paid)
        assert going not in command("accounts", *data)
    assert "all follows" in command("verify", *data)
    command("rebuild", *data)
    assert "all follows" in command("verify", *data)
    assert "is not a decimal number" in refused("money", "funds", *why, "--account", IBAN, "ten")


def test_a_line_that_cannot_be_booked_is_told_with_its_reason(tmp_path: Path) -> None:
    node = tmp_path / "node"
    new_coop(node)
    command("bank", "open", "--data", node, IBAN)
    sender = Part(payer="Ada\u202e\u0085Eve", text=("hello",))
    misdated = bank_file(
        tmp_path,
        Entry("1.00", (sender,), booked="2200-01-01"),
        Entry("2.00", (sender,), booked="1969-12-31"),
        Entry("3.00", (sender,)),
        opening="0.00",
        closing="6.00",
    )
    printed = partly("bank", "import", "--data", node, misdated)
    assert "NOT BOOKED: Its booking date is 2200-01-01, in the future: import it when" in printed
    assert "NOT BOOKED: Its booking date is 1969-12-31, before 1970: get the" in printed
    assert printed.count("IN SUSPENSE") == 1
    assert all(line.isprintable() for line in printed.splitlines())
    assert "Ada\\u202e" in printed
    much = Part(text=("much",))
    more = bank_file(
        tmp_path,
        Entry("3000000000.00", (much,)),
        Entry("3000000000.00", (much,), comes_in=False),
        Entry("3000000000.00", (much,)),
        opening="0.00",
        closing="3000000000.00",
    )
    printed = partly("bank", "import", "--data", node, more)
    assert "IN SUSPENSE" in printed
    assert "NOT BOOKED: The account's debits would reach 2^62" in printed


def test_a_member_may_be_named_and_what_is_mistyped_is_signed_by_nobody(tmp_path: Path) -> None:
    node = tmp_path / "node"
    new_coop(node)
    data = ("--data", node)
    why = (*data, "--reason", "agreed")
    (listed,) = command("members", *data).splitlines()
    member, name = listed.split()[0], listed.split(maxsplit=3)[3]
    assert "wrong check digits" in refused("bank", "open", *data, "DE02120300000000202052", code=2)
    command("bank", "open", *data, "CASH")
    before = command("verify", *data)
    at_cash = (*why, "--account", "CASH")
    for words, said in (
        (("money", "deposit", *at_cash, "Nobody", "5"), "nobody here is Nobody"),
        (("money", "deposit", *at_cash, member, "0"), "0 is nothing"),
        (("money", "payout", *at_cash, member, "-5"), "-5 is below zero"),
        (("money", "funds", *at_cash, "0.00"), "0.00 is nothing"),
        (("member", "suspend", *why, member[:-1]), "nobody here is"),
        (
            ("money", "deposit", *why, "--account", "TIN", member, "5"),
            "cash box TIN",
        ),
        (
            ("money", "payout", *why, "--account", "TIN", member, "5"),
            "cash box TIN",
        ),
        (("money", "payout", *why, "--account", "TIN", member, "5", "--cash"), "cash box TIN"),
        (("money", "funds", *why, "--account", "TIN", "5"), "cash box TIN"),
        (("money", "opening", *why, "--account", "TIN", "5"), "cash box TIN"),
        (("bank", "close", *data, "tin"), "cash box TIN"),
        (("money", "cancel-payout", *why, "A" * 22), "no transfer has the id AAAA"),
        (("money", "return", *why, "A" * 22), "no transfer has the id AAAA"),
        (("money", "identify", *why, "A" * 22), "no transfer has the id AAAA"),
        (("transfers", *data, "TIN"), "no account is TIN"),
        (("transfers", *data, "999999"), "no account is 999999"),
    ):
        assert said in refused(*words)
    assert command("verify", *data) == before
    command("money", "deposit", *why, "--account", "ca sh", name.upper(), "5")
    (booked,) = command("transfers", *data, name).splitlines()
    assert booked.split()[1:] == ["DEPOSIT", "5.00", "EUR", "5.00", "EUR"]
    assert "It still holds something" in refused("bank", "close", *data, "cash")
    command("money", "return", *why, booked.split()[0])
    assert f"about {booked.split()[0]}" in command("transfers", *data, "cash")
    command("bank", "close", *data, "cash")
    closed = refused("money", "deposit", *at_cash, member, "5")
    assert "closed" in closed
    command("bank", "open", *data, "CASH")
    command("money", "deposit", *at_cash, member, "5")
    assert "all follows" in command("verify", *data)


def test_what_cannot_be_meant_is_refused_before_the_node_is_asked(tmp_path: Path) -> None:
    node = tmp_path / "node"
    new_coop(node)
    why = ("--data", node, "--reason", "agreed")
    member = "-" + "A" * 21
    assert f"nobody here is {member}" in refused("money", "limit", *why, member, "-5")
    for words, said in (
        (("--cash", "--days", "3", member, "5"), "has no days to wait"),
        (("--cash", member, "all"), "say how much was handed out"),
    ):
        assert said in refused("money", "payout", *why, "--account", "CASH", *words, code=2)
