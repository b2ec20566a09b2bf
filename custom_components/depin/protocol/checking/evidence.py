"""Evidence: a file with all that a check rests on, which anybody can check again, offline."""

from dataclasses import dataclass
from typing import Final, Self

from ..encoding import EncodingError, decode_json, encode_json
from ..log.errors import LogError
from ..log.notes import VerifierKey
from ..statements.fields import ID, MAX_TIME, BodyError, Fields
from .clearing_case import ClearingCase
from .log_cases import ForkCase, PromiseCase
from .meter_case import MeterCase
from .settlement_case import SettlementCase

MAX_EVIDENCE: Final = 2**25

_VERSION: Final = 1
_MAX_SAID: Final = 4_000
_MAX_VKEY: Final = 400

type Case = ForkCase | PromiseCase | ClearingCase | SettlementCase | MeterCase

_KINDS: Final[dict[str, type[Case]]] = {
    kind.NAME.value: kind
    for kind in (ForkCase, PromiseCase, ClearingCase, SettlementCase, MeterCase)
}


class EvidenceError(ValueError):
    """This is no evidence; the message says why."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a home found, when, under which log's key, and what it rests on."""

    coop: str
    found_at: int
    said: str
    """What the home made of it; the check itself says it anew."""
    log: VerifierKey
    case: Case

    def check(self) -> None:
        """Raise what the case comes to; return if all of it holds."""
        self.case.check(self.log)

    def written(self) -> bytes:
        """Write the file."""
        return encode_json(
            {
                "depin_evidence": _VERSION,
                "coop": self.coop,
                "found_at": self.found_at,
                "said": self.said[:_MAX_SAID],
                "log_key": self.log.format(),
                "check": self.case.NAME.value,
                "case": self.case.to_json(),
            }
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a file that anybody may have written."""
        if len(data) > MAX_EVIDENCE:
            msg = f"evidence has at most {MAX_EVIDENCE} bytes, not {len(data)}"
            raise EvidenceError(msg)
        try:
            fields = Fields(decode_json(data), "evidence")
            fields.integer("depin_evidence", _VERSION, _VERSION)
            kind = _KINDS[fields.one_of("check", _KINDS)]
            evidence = cls(
                fields.text("coop", ID),
                fields.integer("found_at", 1, MAX_TIME),
                fields.words("said", _MAX_SAID),
                VerifierKey.parse(fields.words("log_key", _MAX_VKEY)),
                kind.read(fields.take("case")),
            )
            fields.finish()
        except (BodyError, EncodingError, LogError) as error:
            raise EvidenceError(str(error)) from error
        return evidence
