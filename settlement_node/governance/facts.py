"""What entry 0 says of a co-op, and which keys its node signs with since."""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.joining import MAX_NAME
from depin_protocol.keys import may_enrol
from depin_protocol.log.notes import SignatureType, VerifierKey
from depin_protocol.statements.fields import HASH, ID, MARKET, BodyError, Fields
from depin_protocol.statements.timing import Deadlines
from settlement_node.log.entries import Decision
from settlement_node.store.tables import Row, Table, binary, text

FACTS: Final = Table("facts", text("name"), binary("value"))

GENESIS: Final = "genesis"

RETENTION_YEARS: Final = 10
"""For how long books have to be kept where nobody says otherwise."""

MAX_RETENTION_YEARS: Final = 100

_VERSION: Final = 1
_YEAR: Final = 366 * 86_400_000
_MAX_DEADLINE: Final = _YEAR
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_TOKEN: Final = re.compile(r"[A-Z][A-Z0-9]{1,10}")
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,255}")
_ROW: Final = "facts"


@dataclass(frozen=True, slots=True)
class Facts:
    """A co-op's identity."""

    coop: str
    name: str
    currency: str
    token: str
    market: str
    origin: str
    """The log's name: a URL without scheme."""
    deadlines: Deadlines
    """Of the first market."""
    log_key: bytes
    receipt_key: bytes
    retention_years: int = RETENTION_YEARS
    """How old bodies have to be before they may be erased."""

    @property
    def retention(self) -> int:
        """The same in milliseconds."""
        return self.retention_years * _YEAR

    def log_verifier(self) -> VerifierKey:
        """Return the key that the log's checkpoints are checked with."""
        return VerifierKey(self.origin, SignatureType.ED25519, self.log_key)

    def with_key(self, use: str, key: bytes) -> Self:
        """Return the facts after one of the node's keys was replaced."""
        return replace(self, log_key=key) if use == "log" else replace(self, receipt_key=key)

    def genesis(self, founder: bytes) -> Decision:
        """Write entry 0: the facts, and the founder's request to join."""
        line: dict[str, object] = {"name": self.name, "founder": to_text(founder)}
        return Decision(GENESIS, self._public(), (line,))

    def _public(self) -> dict[str, object]:
        return {
            "v": _VERSION,
            "coop": self.coop,
            "currency": self.currency,
            "token": self.token,
            "market": self.market,
            "origin": self.origin,
            "gate": self.deadlines.gate,
            "correction": self.deadlines.correction,
            "retention_years": self.retention_years,
            "log_key": to_text(self.log_key),
            "receipt_key": to_text(self.receipt_key),
        }

    @classmethod
    def read(cls, public: object, name: str) -> Self:
        """Read what entry 0 says, within its bounds."""
        fields = Fields(public, "genesis")
        fields.integer("v", _VERSION, _VERSION)
        facts = cls(
            coop=fields.text("coop", ID),
            name=Fields({"name": name}, "genesis").words("name", MAX_NAME),
            currency=fields.text("currency", _CURRENCY),
            token=fields.text("token", _TOKEN),
            market=fields.text("market", MARKET),
            origin=fields.text("origin", _ORIGIN),
            deadlines=Deadlines(
                fields.integer("gate", 0, _MAX_DEADLINE),
                fields.integer("correction", 0, _MAX_DEADLINE),
            ),
            log_key=from_text(fields.text("log_key", HASH), HASH_LENGTH),
            receipt_key=from_text(fields.text("receipt_key", HASH), HASH_LENGTH),
            retention_years=fields.integer("retention_years", 1, MAX_RETENTION_YEARS),
        )
        fields.finish()
        if not may_enrol(facts.log_key) or not may_enrol(facts.receipt_key):
            raise BodyError("genesis: a key of the node's may not be enrolled")
        return facts

    def checked(self) -> Self:
        """Return the same facts, or raise a BodyError that names the one out of bounds."""
        return type(self).read(self._public(), self.name)

    def row(self) -> Row:
        """Return the facts' row."""
        return _ROW, encode_json({"public": self._public(), "name": self.name})

    @classmethod
    def read_row(cls, row: Row) -> Self:
        """Read the facts' row."""
        value = row[1]
        if not isinstance(value, bytes):
            raise TypeError(f"not the row of a co-op's facts: {row!r}")
        fields = Fields(decode_json(value), "facts")
        return cls.read(fields.take("public"), fields.words("name", MAX_NAME))


FACTS_KEY: Final[Row] = (_ROW,)
