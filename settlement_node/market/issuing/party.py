"""How somebody stands on statements of account: name, address, number for VAT."""

from dataclasses import dataclass
from typing import Final, Self

from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.statements.fields import BodyError, Fields
from settlement_node.market.billing.parties import Holder, Issuer, PartyError, require_shown

_MOST_LINES: Final = 6
_LONGEST: Final = 140


@dataclass(frozen=True, slots=True)
class Party:
    """What operators said of a member, or of the co-op."""

    name: str
    address: tuple[str, ...] = ()
    vat_id: str = ""

    def as_issuer(self) -> Issuer:
        """Let the co-op issue statements under it."""
        return Issuer(self.name, self.address, self.vat_id)

    def as_holder(self, member: str, reference: str) -> Holder:
        """Let a member have statements under it."""
        return Holder(member, self.name, reference, self.address, self.vat_id)

    def to_json(self) -> dict[str, object]:
        """Return all of it."""
        return {"name": self.name, "address": list(self.address), "vat_id": self.vat_id}

    @classmethod
    def take(cls, fields: Fields) -> Self:
        """Read it, as far as a statement can show it."""
        party = cls(
            fields.words("name", _LONGEST),
            fields.array("address", _MOST_LINES, _words),
            fields.words("vat_id", _LONGEST),
        )
        try:
            require_shown("this party", party.name, (*party.address, party.vat_id))
        except PartyError as error:
            raise BodyError(str(error)) from None
        return party

    def data(self) -> bytes:
        """Write it for its row."""
        return encode_json(self.to_json())

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `data` wrote."""
        return cls.take(Fields(decode_json(data), "party"))


def _words(value: object, path: str) -> str:
    return Fields({"line": value}, path).words("line", _LONGEST)
