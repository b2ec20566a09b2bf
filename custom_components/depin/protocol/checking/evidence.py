"""Evidence: a file with all that a check rests on, which anybody can check again, offline."""

from dataclasses import dataclass
from typing import Final

from ..encoding import encode_json
from ..log.notes import VerifierKey
from .verdicts import Case

MAX_EVIDENCE: Final = 2**25
VERSION: Final = 1
MAX_SAID: Final = 4_000


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
                "depin_evidence": VERSION,
                "coop": self.coop,
                "found_at": self.found_at,
                "said": self.said[:MAX_SAID],
                "log_key": self.log.format(),
                "check": self.case.NAME.value,
                "case": self.case.to_json(),
            }
        )
