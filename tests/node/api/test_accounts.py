"""A member sees its own accounts, who looks after them sees all, and nobody else any."""

from depin_protocol.encoding import from_text, to_text
from settlement_node.governance.member import Role
from settlement_node.ledger.actions import OpenBankAccount, RecordDeposit, ReservePayout
from settlement_node.ledger.creditor_reference import member_reference
from tests.node.api.conftest import Node
from tests.node.api.neighbour import Neighbour, ask, random_id

CENT = 10**7


def account_of(node: Node, home: Neighbour, kind: str = "MEMBER_MONEY") -> dict[str, object]:
    """Ask for one of a home's accounts."""
    reply = ask(node.port, f"{home.path}/accounts", Authorization=home.token(node.port))
    assert reply.status == 200, reply.content
    (found,) = [one for one in reply.json["accounts"] if one["kind"] == kind]
    assert isinstance(found, dict)
    return found


def test_a_member_sees_what_it_holds_and_how_that_came(node: Node) -> None:
    home = node.welcome()
    box = f"BOX{home.member.encode().hex()[:20].upper()}"
    node.act(OpenBankAccount(box))
    for cents in (300, 500):
        node.act(RecordDeposit(home.member, box, cents * CENT))
    node.act(ReservePayout(home.member, box, 100 * CENT))
    token = home.token(node.port)
    own = ask(node.port, f"{home.path}/accounts", Authorization=token)
    assert own.json["reference"] == member_reference(home.coop, home.member)
    assert box in own.json["pay_to"]
    account = account_of(node, home)
    assert (account["holds"], account["leaving"]) == (800 * CENT, 100 * CENT)
    assert (account["asset"], account["decimals"], account["owner"]) == ("EUR", 9, home.member)

    path = f"{home.path}/accounts/{account['account']}/history"
    whole = ask(node.port, path, Authorization=token).json
    assert [one["holds"] for one in whole] == [300 * CENT, 800 * CENT, 800 * CENT]
    assert [one["transfer"]["code"] for one in whole] == ["DEPOSIT", "DEPOSIT", "PAYOUT"]
    assert whole[-1]["transfer"]["standing"] == "RESERVED"
    paged = ask(node.port, f"{path}?limit=1", Authorization=token).json
    while len(paged) < len(whole):
        more = f"{path}?limit=1&after={paged[-1]['at']}"
        paged += ask(node.port, more, Authorization=token).json
    assert paged == whole
    assert ask(node.port, f"{path}?after=1", Authorization=token).status == 400


def test_waiting_payouts_are_listed_by_the_page(node: Node) -> None:
    home, auditor = node.welcome(), node.welcome(Role.AUDITOR)
    box = f"OUT{home.member.encode().hex()[:20].upper()}"
    node.act(OpenBankAccount(box))
    node.act(RecordDeposit(home.member, box, 800 * CENT))
    for cents in (100, 200, 300):
        node.act(ReservePayout(home.member, box, cents * CENT))
    token = auditor.token(node.port)
    path = f"/v1/coops/{home.coop}/payouts"
    listed: list[dict[str, object]] = []
    after = ""
    while page := ask(node.port, f"{path}?limit=2{after}", Authorization=token).json:
        listed += page
        after = f"&after={listed[-1]['id']}"
    own = [one for one in listed if one["member"] == home.member]
    assert [one["amount"] for one in own] == [100 * CENT, 200 * CENT, 300 * CENT]
    assert {one["account"] for one in own} == {box}
    for one in own:
        told = from_text(str(one["id"]), 16)
        assert one["end_to_end"] == told.hex().upper()
    assert ask(node.port, f"{path}?after=1", Authorization=token).status == 400
    assert ask(node.port, path, Authorization=home.token(node.port)).status == 403


def test_nobody_sees_what_others_hold(node: Node) -> None:
    home, other = node.welcome(), node.welcome()
    token = other.token(node.port)
    number = account_of(node, home)["account"]
    coop = f"/v1/coops/{home.coop}"
    for path in (
        f"{home.path}/accounts",
        f"{home.path}/accounts/{number}/history",
        f"{coop}/accounts",
        f"{coop}/accounts/{number}/history",
        f"{coop}/transfers/{random_id()}",
    ):
        assert ask(node.port, path).status == 401
        assert ask(node.port, path, Authorization=token).status == 403
    mine = f"{other.path}/accounts/{number}/history"
    assert ask(node.port, mine, Authorization=token).status == 404


def test_an_auditor_sees_all_accounts(node: Node) -> None:
    home, auditor = node.welcome(), node.welcome(Role.AUDITOR)
    token = auditor.token(node.port)
    coop = f"/v1/coops/{home.coop}"
    number = account_of(node, home)["account"]
    listed: list[dict[str, object]] = []
    while page := ask(
        node.port, f"{coop}/accounts?after={len(listed)}&limit=7", Authorization=token
    ).json:
        listed += page
    assert [one["account"] for one in listed] == list(range(1, len(listed) + 1))
    assert listed[int(str(number)) - 1] == account_of(node, home)
    assert ask(node.port, f"{home.path}/accounts", Authorization=token).status == 200
    found = ask(node.port, f"{coop}/accounts/{number}/history", Authorization=token)
    assert (found.status, found.json) == (200, [])
    for missing in (f"accounts/{10**9}/history", f"transfers/{to_text(bytes(16))}"):
        assert ask(node.port, f"{coop}/{missing}", Authorization=token).status == 404
