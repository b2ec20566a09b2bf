"""Reads evidence that anybody may have written."""

from typing import Final

from ..encoding import EncodingError, decode_json
from ..log.errors import LogError
from ..log.notes import VerifierKey
from ..statements.fields import ID, MAX_TIME, BodyError, Fields
from .clearing_case import ClearingCase
from .evidence import MAX_EVIDENCE, MAX_SAID, VERSION, Evidence
from .log_cases import ForkCase, PromiseCase
from .meter_case import MeterCase
from .settlement_case import SettlementCase

_MAX_VKEY: Final = 400

type _Kind = type[ForkCase | PromiseCase | ClearingCase | SettlementCase | MeterCase]

_KINDS: Final[dict[str, _Kind]] = {
    kind.NAME.value: kind
    for kind in (ForkCase, PromiseCase, ClearingCase, SettlementCase, MeterCase)
}


class EvidenceError(ValueError):
    """This is no evidence; the message says why."""


def read_evidence(data: bytes) -> Evidence:
    """Read a file of evidence."""
    if len(data) > MAX_EVIDENCE:
        msg = f"evidence has at most {MAX_EVIDENCE} bytes, not {len(data)}"
        raise EvidenceError(msg)
    try:
        fields = Fields(decode_json(data), "evidence")
        fields.integer("depin_evidence", VERSION, VERSION)
        kind = _KINDS[fields.one_of("check", _KINDS)]
        evidence = Evidence(
            fields.text("coop", ID),
            fields.integer("found_at", 1, MAX_TIME),
            fields.words("said", MAX_SAID),
            VerifierKey.parse(fields.words("log_key", _MAX_VKEY)),
            kind.read(fields.take("case")),
        )
        fields.finish()
    except (BodyError, EncodingError, LogError) as error:
        raise EvidenceError(str(error)) from error
    return evidence
