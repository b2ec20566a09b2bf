"""What accounts hold and what happened on them: a member's own, or all for who looks after them."""

import re
from typing import Final

from aiohttp import web

from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import ID_LENGTH, is_id
from settlement_node.api.bodies import answer
from settlement_node.api.context import MAX_NUMBER, named, whole
from settlement_node.api.problems import bad_request, not_found
from settlement_node.api.visitors import official, owner
from settlement_node.coop.coop import Coop
from settlement_node.governance.member import Role
from settlement_node.ledger.accounts import KIND_RULES, AccountKind, AccountName, Balance
from settlement_node.ledger.bank.booking import payout_end_to_end
from settlement_node.ledger.codes import ABOUT_ANOTHER
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.reading import Movement, Spot, Told, waiting_payouts
from settlement_node.ledger.transfers import Phase, Transfer

_MOST_AT_ONCE: Final = 200
_SPOT: Final = re.compile(r"[0-9]{1,15}\.[0-9]{1,9}", re.ASCII)


async def own(request: web.Request) -> web.Response:
    """Say what a member's accounts hold, and how it pays in."""
    coop, member = owner(request, Role.OPERATOR, Role.AUDITOR)
    ledger = coop.ledger
    held = from_text(member, ID_LENGTH)
    accounts = [(name, balance) for name, balance in ledger.accounts() if name.owner == held]
    if not accounts:
        raise not_found("nobody here has this name")
    banks = (
        name
        for name, _ in ledger.accounts()
        if name.kind is AccountKind.BANK and not ledger.is_closed(name)
    )
    return answer(
        {
            "reference": member_reference(coop.facts.coop, member),
            "pay_to": [name.owner.decode("ascii") for name in banks],
            "accounts": [_account(ledger, *account) for account in accounts],
        }
    )


async def own_history(request: web.Request) -> web.Response:
    """Tell what happened on one of a member's accounts."""
    coop, member = owner(request, Role.OPERATOR, Role.AUDITOR)
    number = _number(request)
    if _name(coop, number).owner != from_text(member, ID_LENGTH):
        raise not_found("this is not one of the member's accounts")
    return await _history(request, coop, number)


async def listed(request: web.Request) -> web.Response:
    """List accounts of all kinds, by their numbers."""
    coop = official(request, Role.OPERATOR, Role.AUDITOR)
    after = whole(request.query.get("after", "0"), "after", 0, MAX_NUMBER)
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    page = coop.ledger.numbered(after, limit)
    return answer([_account(coop.ledger, *account) for account in page])


async def history(request: web.Request) -> web.Response:
    """Tell what happened on an account."""
    coop = official(request, Role.OPERATOR, Role.AUDITOR)
    number = _number(request)
    _name(coop, number)
    return await _history(request, coop, number)


async def transfer(request: web.Request) -> web.Response:
    """Tell of one transfer."""
    coop = official(request, Role.OPERATOR, Role.AUDITOR)
    told = await coop.transfer(from_text(named(request, "transfer"), ID_LENGTH))
    if told is None:
        raise not_found("no transfer has this id, or it is older than the books")
    return answer(_told(coop.ledger, told))


async def payouts(request: web.Request) -> web.Response:
    """List the payouts that wait for the bank."""
    coop = official(request, Role.OPERATOR, Role.AUDITOR)
    after = request.query.get("after", to_text(bytes(ID_LENGTH)))
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    if not is_id(after):
        raise bad_request("after is no id of a transfer", "Give the id of the payout before.")
    found = waiting_payouts(coop.ledger, from_text(after, ID_LENGTH), limit)
    return answer([_waiting(coop.ledger, one) for one in found])


async def _history(request: web.Request, coop: Coop, number: int) -> web.Response:
    after = _spot(request.query.get("after", "0.0"))
    limit = whole(request.query.get("limit", "100"), "limit", 1, _MOST_AT_ONCE)
    found = await coop.movements(number, after, limit)
    return answer([_movement(coop.ledger, one) for one in found])


def _number(request: web.Request) -> int:
    return whole(request.match_info["account"], "account", 1, MAX_NUMBER)


def _name(coop: Coop, number: int) -> AccountName:
    found = coop.ledger.numbered(number - 1, 1)
    if not found:
        raise not_found("no account has this number")
    return found[0][0]


def _spot(text: str) -> Spot:
    if _SPOT.fullmatch(text) is None:
        raise bad_request("after is no place of the log", "Give an entry and a position: 12.0.")
    entry, _, position = text.partition(".")
    return int(entry), int(position)


def _account(ledger: Ledger, name: AccountName, balance: Balance) -> dict[str, object]:
    denomination = ledger.denominations[KIND_RULES[name.kind].asset]
    is_text = name.kind is AccountKind.BANK
    return {
        "account": ledger.number(name),
        "kind": name.kind.name,
        "owner": name.owner.decode("ascii") if is_text else to_text(name.owner),
        "asset": denomination.code,
        "decimals": denomination.decimals,
        **_sums(balance),
        "limit": ledger.limit(name),
        "closed": ledger.is_closed(name),
    }


def _sums(balance: Balance) -> dict[str, object]:
    return {
        "holds": balance.posted,
        "leaving": balance.debits_pending,
        "coming": balance.credits_pending,
    }


def _movement(ledger: Ledger, movement: Movement) -> dict[str, object]:
    entry, position = movement.at
    return {
        "at": f"{entry}.{position}",
        "transfer": _told(ledger, movement.told),
        **_sums(movement.balance),
    }


def _waiting(ledger: Ledger, payout: Transfer) -> dict[str, object]:
    return {
        "id": to_text(payout.id),
        "end_to_end": payout_end_to_end(payout.id),
        "member": to_text(ledger.name(payout.debit).owner),
        "account": ledger.name(payout.credit).owner.decode("ascii"),
        "amount": payout.amount,
        "asset": ledger.denominations[payout.asset].code,
        "expires": payout.expires,
    }


def _told(ledger: Ledger, told: Told) -> dict[str, object]:
    transfer = told.transfer
    entry, position = told.at
    return {
        "id": to_text(transfer.id),
        "at": f"{entry}.{position}",
        "code": transfer.code.name,
        "phase": transfer.phase.name,
        "standing": told.standing.name,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount,
        "asset": ledger.denominations[transfer.asset].code,
        "expires": transfer.expires,
        "ends": to_text(transfer.reserved_by) if transfer.phase in _ENDS else None,
        "about": to_text(transfer.reference) if transfer.code in ABOUT_ANOTHER else None,
    }


_ENDS: Final = frozenset((Phase.POST, Phase.VOID))
