"""Invitations: of each code only the hash is known."""

import re
from dataclasses import dataclass
from typing import Final, Self

from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.identifiers import ID_PATTERN
from depin_protocol.statements.fields import Fields
from settlement_node.governance.member import Role
from settlement_node.store.tables import Table, binary

INVITE: Final = Table("invite", binary("code_hash"), binary("data"))

_NOBODY_OR_ID: Final = re.compile(f"(?:{ID_PATTERN})?")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code that somebody may join with, once."""

    expires: int
    role: Role
    used_by: str = ""
    withdrawn: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether nobody has used or withdrawn it."""
        return not (self.used_by or self.withdrawn)

    def data(self) -> bytes:
        """Write the invitation for its row."""
        row = {"expires": self.expires, "role": self.role, "used_by": self.used_by}
        return encode_json(row | ({"withdrawn": True} if self.withdrawn else {}))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read the invitation from its row."""
        fields = Fields(decode_json(data), "invite")
        role = Role(fields.one_of("role", list(Role)))
        used_by = fields.text("used_by", _NOBODY_OR_ID)
        return cls(fields.time("expires"), role, used_by, fields.true("withdrawn"))
