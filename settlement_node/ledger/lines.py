"""A transfer as a line of a decision: what its parties and auditors may read of it."""

from depin_protocol.bounds import MAX_AMOUNT
from depin_protocol.encoding import from_text, to_text
from depin_protocol.statements.fields import ID, BodyError, Fields
from settlement_node.ledger.accounts import KINDS
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.transfers import ID_LENGTH, MAX_REFERENCE, NO_ID, Phase, Transfer

_CODES = Code.__members__
_PHASES = ("RESERVE", "POST", "VOID")
_REFERENCE_TEXT = -(-MAX_REFERENCE * 4 // 3)


def line_of(transfer: Transfer) -> dict[str, object]:
    """Write a transfer; the asset is that of its accounts."""
    line: dict[str, object] = {
        "id": to_text(transfer.id),
        "code": transfer.code.name,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount,
    }
    if transfer.phase is not Phase.AT_ONCE:
        line["phase"] = transfer.phase.name
    if transfer.reserved_by:
        line["ends"] = to_text(transfer.reserved_by)
    if transfer.expires:
        line["expires"] = transfer.expires
    if transfer.reference:
        line["about"] = to_text(transfer.reference)
    if transfer.linked:
        line["linked"] = True
    return line


def transfer_in(line: dict[str, object], ledger: Ledger) -> Transfer:
    """Read what `line_of` wrote; what else stands there was checked with the whole decision."""
    fields = Fields(line, "line")
    debit = fields.integer("debit", 1, MAX_AMOUNT)
    return Transfer(
        from_text(fields.text("id", ID), ID_LENGTH),
        debit,
        fields.integer("credit", 1, MAX_AMOUNT),
        fields.integer("amount", 1, MAX_AMOUNT - 1),
        KINDS[ledger.name(debit).kind].asset,
        _CODES[fields.one_of("code", _CODES)],
        Phase[fields.one_of("phase", _PHASES)] if "phase" in fields else Phase.AT_ONCE,
        from_text(fields.text("ends", ID), ID_LENGTH) if "ends" in fields else NO_ID,
        fields.time("expires") if "expires" in fields else 0,
        _reference(fields) if "about" in fields else b"",
        fields.true("linked"),
    )


def _reference(fields: Fields) -> bytes:
    text = fields.words("about", _REFERENCE_TEXT)
    if not text:
        raise BodyError("line.about is empty: it is left out then")
    return from_text(text, len(text) * 3 // 4)
