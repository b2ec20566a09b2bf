"""Changes of keys that are announced, and take effect unless somebody entitled objects."""

from dataclasses import dataclass
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.encoding import decode_json, encode_json, from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.statements.fields import HASH, ID, Fields
from depin_protocol.statements.membership import TIERS
from settlement_node.governance.actions import NODE_KEY_USES
from settlement_node.store.tables import Row, Table, binary

ANNOUNCED: Final = Table("announced", binary("decision"), binary("data"))

VETO_TIME: Final = 7 * DAY
"""From the announcement to the effect, in milliseconds of logged time."""


@dataclass(frozen=True, slots=True)
class KeyReplacement:
    """A member's next key."""

    member: str
    key: bytes
    tier: str
    effective: int

    def to_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        return {
            "member": self.member,
            "key": to_text(self.key),
            "tier": self.tier,
            "effective": self.effective,
        }


@dataclass(frozen=True, slots=True)
class NodeKeyReplacement:
    """The node's next key for its log or its receipts."""

    use: str
    key: bytes
    effective: int

    def to_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        return {"use": self.use, "key": to_text(self.key), "effective": self.effective}


type Replacement = KeyReplacement | NodeKeyReplacement


def read_replacement(value: object) -> Replacement:
    """Read what `to_json` wrote."""
    fields = Fields(value, "announced")
    key = from_text(fields.text("key", HASH), HASH_LENGTH)
    effective = fields.time("effective")
    replacement: Replacement
    if "use" in fields:
        use = fields.one_of("use", NODE_KEY_USES)
        replacement = NodeKeyReplacement(use, key, effective)
    else:
        member = fields.text("member", ID)
        tier = fields.one_of("tier", TIERS)
        replacement = KeyReplacement(member, key, tier, effective)
    fields.finish()
    return replacement


def announced_row(decision: str, replacement: Replacement) -> Row:
    """Return the row of an announcement."""
    return from_text(decision, HASH_LENGTH), encode_json(replacement.to_json())


def read_announced_row(row: Row) -> tuple[str, Replacement]:
    """Read the row of an announcement."""
    decision, data = row
    if not isinstance(decision, bytes) or not isinstance(data, bytes):
        raise TypeError(f"not the row of an announcement: {row!r}")
    return to_text(decision), read_replacement(decode_json(data))
