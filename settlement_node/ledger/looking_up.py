"""Fetches the older transfers that an operator's action names or might repeat."""

from settlement_node.governance.actions import Action
from settlement_node.ledger import actions
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.bank.booking import bank_account, deposit_key, line_id, payout_named
from settlement_node.ledger.desk import Desk
from settlement_node.ledger.effects import money_of
from settlement_node.ledger.money import ids_because_of, opening_id
from settlement_node.ledger.tables import recall
from settlement_node.ledger.transfers import Cause
from settlement_node.store.port import View


async def look_up(action: Action, cause: Cause, desk: Desk, view: View, size: int) -> None:
    """Bring near what the store holds of the transfers that this action is about.

    All of it can be named before anything is decided, whatever else is decided until then.
    """
    begin = desk.begin
    deposits = deposit_keys(action)
    await desk.about.look_up(deposits, view, size, begin)
    originals = {name for key in deposits for name in desk.about.newest(key)} | named(action)
    names = begin.among(originals | might_repeat(action, cause))
    await recall(view, desk.ledger, names, size, begin)
    await desk.about.look_up(begin.among(originals), view, size, begin)


def deposit_keys(action: Action) -> set[bytes]:
    """Name the deposits that returned bank lines speak of."""
    match action:
        case actions.BookBankLines(lines=lines):
            return {deposit_key(one) for one in lines if one.returned and one.end_to_end}
    return set()


def named(action: Action) -> set[bytes]:
    """Name the transfers that an action is about."""
    match action:
        case actions.ReturnMovement(transfer=name) | actions.IdentifyLine(transfer=name):
            return {name}
        case actions.BookBankLines(lines=lines):
            names = (payout_named(line.end_to_end) for line in lines)
            return {name for name in names if name is not None}
    return set()


def might_repeat(action: Action, cause: Cause) -> set[bytes]:
    """Name the ids that an action may give, whatever it leads to."""
    match action:
        case actions.BookBankLines(account=account, lines=lines):
            return {line_id(account, line) for line in lines}
        case actions.OpenBalance(member=member, account=account):
            name = AccountName(AccountKind.COOP_FUNDS)
            if member is not None:
                name = money_of(member)
            elif account is not None:
                name = bank_account(account)
            return {opening_id(name, 0)}
    return set(ids_because_of(cause))
