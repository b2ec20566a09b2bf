"""Credit transfers in pain.001.001.03, grouped by the date at which the bank is to pay."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Final

from settlement_node.market.sepa.document import Element, begin, group_header, written
from settlement_node.market.sepa.identifiers import bank_id
from settlement_node.market.sepa.payments import BankAccount, Credit, Message, require_each_once

_SCHEMA: Final = "pain.001.001.03"


def write_credit_transfers(
    message: Message, payer: BankAccount, credits_: Sequence[Credit]
) -> bytes:
    """Write credits for the bank to pay."""
    payments = [credit.payment for credit in credits_]
    require_each_once(payments)
    document, root = begin(_SCHEMA, "CstmrCdtTrfInitn")
    group_header(root, message, payments)
    ordered = sorted(credits_, key=_due)
    for number, (due, group) in enumerate(groupby(ordered, key=_due), 1):
        _write_group(root, f"{message.id}-{number:03}", payer, due, list(group))
    return written(document)


def _due(credit: Credit) -> date:
    return credit.due


def _write_group(
    root: Element, name: str, payer: BankAccount, due: date, credits_: Sequence[Credit]
) -> None:
    information = root.add("PmtInf")
    information.put("PmtInfId", text=bank_id("group's id", name))
    information.put("PmtMtd", text="TRF")
    information.totals(credit.payment for credit in credits_)
    information.put("PmtTpInf", "SvcLvl", "Cd", text="SEPA")
    information.put("ReqdExctnDt", text=due.isoformat())
    information.party("Dbtr", payer)
    information.account("DbtrAcct", payer)
    information.agent("DbtrAgt", payer.bic)
    information.put("ChrgBr", text="SLEV")
    for credit in credits_:
        transaction = information.add("CdtTrfTxInf")
        transaction.put("PmtId", "EndToEndId", text=credit.payment.end_to_end)
        transaction.amount("Amt", "InstdAmt", cents=credit.payment.cents)
        if credit.to.bic:
            transaction.agent("CdtrAgt", credit.to.bic)
        transaction.party("Cdtr", credit.to)
        transaction.account("CdtrAcct", credit.to)
        transaction.put("RmtInf", "Ustrd", text=credit.payment.remittance)
