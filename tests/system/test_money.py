"""A co-op's money as its operator sees it: commands, a running node, a bank's files."""

from pathlib import Path

from depin_protocol.invite import parse_invite
from settlement_node.ledger.creditor_reference import member_reference
from tests.node.api.neighbour import Neighbour
from tests.node.ledger.camt_files import IBAN, Entry, File, Part
from tests.system.node_process import command, new_coop, refused, running


def bank_file(folder: Path, *entries: Entry, opening: str, closing: str) -> Path:
    path = folder / f"{closing}.xml"
    path.write_bytes(File(entries, opening, closing).xml())
    return path


def ids(printed: str, words: str) -> list[str]:
    """Find the transfers of the lines that were told of in these words."""
    found = (line.split() for line in printed.splitlines() if words in line)
    return [parts[2] for parts in found]


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
    assert "paid in by a member" in first
    assert "the books agree with the bank: 127.00 EUR" in first
    (unknown,) = ids(first, "whose is it?")
    again = command("bank", "import", *data, statement)
    assert "2 lines were in the books already" in again
    assert "nothing new" in again

    command("money", "identify", *why, f"--member={home.member}", unknown)
    assert "already" in refused("money", "identify", *why, unknown)
    with running(node):
        command("money", "payout", *why, "--account", IBAN, "--", home.member, "5.50")
        listed = command("accounts", *data)
        held = next(line for line in listed.splitlines() if home.member in line)
        assert "27.00 EUR" in held
        assert "5.50 EUR reserved" in held
        assert "not that much left" in refused(
            "money", "payout", *why, "--account", IBAN, "--", home.member, "21.51"
        )
        fee = bank_file(
            tmp_path,
            Entry("1.00", (Part(text=("fee",)),), comes_in=False),
            opening="126.00",
            closing="125.00",
        )
        assert "the books hold 1.00 EUR more than the bank" in command("bank", "import", *data, fee)
    assert "all follows" in command("verify", *data)
    command("rebuild", *data)
    assert "all follows" in command("verify", *data)
    assert "is not a decimal number" in refused("money", "funds", *why, "--account", IBAN, "ten")
