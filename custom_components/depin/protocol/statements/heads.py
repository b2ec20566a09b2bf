"""Where a chain stands."""

from typing import NamedTuple, Self

from .fields import HASH, ID, MAX_COUNT, Fields


class Head(NamedTuple):
    """A statement's place: its chain, its number there, and its hash."""

    chain: str
    seq: int
    hash: str

    def to_json(self) -> dict[str, object]:
        """Return the head as statements name it."""
        return {"chain": self.chain, "seq": self.seq, "hash": self.hash}

    @classmethod
    def read(cls, value: object, path: str) -> Self:
        """Read a head."""
        fields = Fields(value, path)
        head = cls(
            fields.text("chain", ID),
            fields.integer("seq", 1, MAX_COUNT),
            fields.text("hash", HASH),
        )
        fields.finish()
        return head
