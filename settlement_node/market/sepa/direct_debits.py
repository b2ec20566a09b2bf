"""Direct debits in pain.008.001.02, grouped by due date and place in the mandate's life."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Final

from settlement_node.market.sepa.document import Element, begin, group_header, written
from settlement_node.market.sepa.identifiers import bank_id
from settlement_node.market.sepa.payments import (
    Creditor,
    Debit,
    Message,
    SequenceType,
    require_each_once,
)

_SCHEMA: Final = "pain.008.001.02"


def write_direct_debits(message: Message, creditor: Creditor, debits: Sequence[Debit]) -> bytes:
    """Write debits for the bank to collect."""
    payments = [debit.payment for debit in debits]
    require_each_once(payments)
    document, root = begin(_SCHEMA, "CstmrDrctDbtInitn")
    group_header(root, message, payments)
    ordered = sorted(debits, key=_group)
    for number, ((due, sequence), group) in enumerate(groupby(ordered, key=_group), 1):
        _write_group(root, f"{message.id}-{number:03}", creditor, (due, sequence), list(group))
    return written(document)


def _group(debit: Debit) -> tuple[date, SequenceType]:
    return debit.due, debit.sequence


def _write_group(
    root: Element,
    name: str,
    creditor: Creditor,
    group: tuple[date, SequenceType],
    debits: Sequence[Debit],
) -> None:
    due, sequence = group
    information = root.add("PmtInf")
    information.put("PmtInfId", text=bank_id("group's id", name))
    information.put("PmtMtd", text="DD")
    information.totals(debit.payment for debit in debits)
    kind = information.add("PmtTpInf")
    kind.put("SvcLvl", "Cd", text="SEPA")
    kind.put("LclInstrm", "Cd", text="CORE")
    kind.put("SeqTp", text=sequence)
    information.put("ReqdColltnDt", text=due.isoformat())
    information.party("Cdtr", creditor.account)
    information.account("CdtrAcct", creditor.account)
    information.agent("CdtrAgt", creditor.account.bic)
    information.put("ChrgBr", text="SLEV")
    scheme = information.add("CdtrSchmeId", "Id", "PrvtId", "Othr")
    scheme.put("Id", text=creditor.id)
    scheme.put("SchmeNm", "Prtry", text="SEPA")
    for debit in debits:
        _write_debit(information, debit)


def _write_debit(information: Element, debit: Debit) -> None:
    transaction = information.add("DrctDbtTxInf")
    transaction.put("PmtId", "EndToEndId", text=debit.payment.end_to_end)
    transaction.amount("InstdAmt", cents=debit.payment.cents)
    mandate = transaction.add("DrctDbtTx", "MndtRltdInf")
    mandate.put("MndtId", text=debit.mandate.id)
    mandate.put("DtOfSgntr", text=debit.mandate.signed.isoformat())
    transaction.agent("DbtrAgt", debit.mandate.account.bic)
    transaction.party("Dbtr", debit.mandate.account)
    transaction.account("DbtrAcct", debit.mandate.account)
    transaction.put("RmtInf", "Ustrd", text=debit.payment.remittance)
