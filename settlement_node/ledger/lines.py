"""A transfer as a line of a decision: what its parties and auditors may read of it."""

from collections.abc import Mapping
from typing import Final

from depin_protocol.encoding import from_text, to_text
from settlement_node.ledger.accounts import KIND_RULES
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.transfers import ID_LENGTH, NO_ID, Phase, Transfer
from settlement_node.log.entries import DecisionError

_CODES: Final = Code.__members__
_PHASES: Final = Phase.__members__
_LEAST: Final = 5
_MORE: Final = ("phase", "ends", "expires", "about", "linked")


def transfer_line(transfer: Transfer) -> dict[str, object]:
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


def transfer_in(line: Mapping[str, object], ledger: Ledger) -> Transfer:
    """Read what `transfer_line` wrote, or raise a DecisionError."""
    match line:
        case {
            "id": str(name),
            "code": str(code),
            "debit": int(debit),
            "credit": int(credit),
            "amount": int(amount),
        } if code in _CODES:
            transfer = Transfer(
                from_text(name, ID_LENGTH),
                debit,
                credit,
                amount,
                KIND_RULES[ledger.name(debit).kind].asset,
                _CODES[code],
            )
            return transfer if len(line) == _LEAST else _completed(transfer, line)
    raise DecisionError(f"this line is no transfer: {line!r:.200}")


def _completed(transfer: Transfer, line: Mapping[str, object]) -> Transfer:
    phase, ends, expires, about, tied = map(line.get, _MORE)
    return transfer._replace(
        phase=Phase[str(phase)] if phase in _PHASES else Phase.AT_ONCE,
        reserved_by=from_text(ends, ID_LENGTH) if isinstance(ends, str) else NO_ID,
        expires=expires if isinstance(expires, int) else 0,
        reference=from_text(about, len(about) * 3 // 4) if isinstance(about, str) else b"",
        linked=tied is True,
    )
