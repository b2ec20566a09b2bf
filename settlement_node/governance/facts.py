"""What entry 0 says of a co-op, and which keys its node signs with since."""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

from depin_protocol.durations import DAY
from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.joining import MAX_NAME
from depin_protocol.keys import may_enrol
from depin_protocol.log.merkle import TreeHead
from depin_protocol.log.notes import SignatureType, VerifierKey
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.statements.fields import HASH, ID, MARKET, MAX_COUNT, BodyError, Fields, integer
from settlement_node.log.entries import Decision
from settlement_node.store.tables import Row, Table, binary, text

FACTS: Final = Table("facts", text("name"), binary("value"))

GENESIS: Final = "genesis"

RETENTION_YEARS: Final = 10
"""For how long books have to be kept where nobody says otherwise."""

MAX_RETENTION_YEARS: Final = 100

_VERSION: Final = 1
_YEAR: Final = 366 * DAY
_MAX_DEADLINE: Final = _YEAR
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_TOKEN: Final = re.compile(r"[A-Z][A-Z0-9]{1,10}")
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,255}")
_ROW: Final = "facts"


@dataclass(frozen=True, slots=True)
class Previous:
    """A log of the co-op's of which a part is lost, so that it never grows again."""

    origin: str
    held: TreeHead
    """What is left of it."""
    largest: TreeHead
    """What it was known to be."""
    forked: bool = False
    """Others were signed in the place of some that are held, and nobody can tell since where."""

    @property
    def missing(self) -> int | None:
        """How many entries are lost; unknown if the log was forked."""
        return None if self.forked else self.largest.size - self.held.size

    def to_json(self) -> dict[str, object]:
        """Return what is said of it."""
        return {
            "origin": self.origin,
            "held": _head_json(self.held),
            "largest": _head_json(self.largest),
            "missing": self.missing,
        }

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what `to_json` wrote."""
        fields = Fields(value, "previous")
        origin = fields.text("origin", _ORIGIN)
        held, largest = _read_head(fields.take("held")), _read_head(fields.take("largest"))
        missing, lost = fields.take("missing"), largest.size - held.size
        if missing is not None:
            integer(missing, fields.path("missing"), max(1, lost), lost)
        previous = cls(origin, held, largest, forked=missing is None)
        fields.finish()
        return previous


def _head_json(head: TreeHead) -> dict[str, object]:
    return {"size": head.size, "root": to_text(head.root)}


def _read_head(value: object) -> TreeHead:
    fields = Fields(value, "previous.head")
    size = fields.integer("size", 1, MAX_COUNT)
    root = from_text(fields.text("root", HASH), HASH_LENGTH)
    fields.finish()
    return TreeHead(size, root)


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
    rules: MarketRules
    """What the first market begins with."""
    log_key: bytes
    receipt_key: bytes
    retention_years: int = RETENTION_YEARS
    """How old bodies have to be before they may be erased."""
    previous: Previous | None = None
    """The log that this one succeeds."""

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
        return Decision(GENESIS, self.public(), (line,))

    def public(self) -> dict[str, object]:
        """Return what everybody may know."""
        return {
            "v": _VERSION,
            "coop": self.coop,
            "currency": self.currency,
            "token": self.token,
            "market": self.market,
            "origin": self.origin,
            "rules": self.rules.to_json(),
            "retention_years": self.retention_years,
            "log_key": to_text(self.log_key),
            "receipt_key": to_text(self.receipt_key),
            **({} if self.previous is None else {"previous": self.previous.to_json()}),
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
            rules=MarketRules.read(fields.take("rules"), fields.path("rules")),
            log_key=from_text(fields.text("log_key", HASH), HASH_LENGTH),
            receipt_key=from_text(fields.text("receipt_key", HASH), HASH_LENGTH),
            retention_years=fields.integer("retention_years", 1, MAX_RETENTION_YEARS),
            previous=Previous.read(fields.take("previous")) if "previous" in fields else None,
        )
        fields.finish()
        if not may_enrol(facts.log_key) or not may_enrol(facts.receipt_key):
            raise BodyError("genesis: a key of the node's may not be enrolled")
        return facts

    def checked(self) -> Self:
        """Return the same facts, or raise a BodyError that names the one out of bounds."""
        return type(self).read(self.public(), self.name)

    def row(self) -> Row:
        """Return the facts' row."""
        return _ROW, encode_json({"public": self.public(), "name": self.name})

    @classmethod
    def read_row(cls, row: Row) -> Self:
        """Read the facts' row."""
        value = row[1]
        if not isinstance(value, bytes):
            raise TypeError(f"not the row of a co-op's facts: {row!r}")
        fields = Fields(decode_json(value), "facts")
        return cls.read(fields.take("public"), fields.words("name", MAX_NAME))


FACTS_KEY: Final[Row] = (_ROW,)
