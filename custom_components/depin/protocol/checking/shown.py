"""What is shown of a log: an entry under a checkpoint, and a salted line under a decision."""

from dataclasses import dataclass
from typing import Self

from ..encoding import EncodingError, decode_json, from_text, to_text
from ..log.entries import (
    MAX_LINES,
    SALT_LENGTH,
    DecisionEntry,
    Entry,
    EntryError,
    StatementEntry,
    read_entry,
)
from ..log.errors import LogError
from ..log.merkle import HASH_LENGTH, TreeHead, head_from_path, leaf_hash
from ..log.notes import VerifierKey
from ..log.proof_file import MAX_PROOF_FILE, ProofFile
from ..log.tiles import MAX_ENTRY
from ..statements.fields import ID, BodyError, Fields, hash_text
from .verdicts import UnshownError

_MAX_LINE = 2**24
_MAX_PATH = 24


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry, and the file that proves it."""

    entry: bytes
    proof: bytes

    def under(self, log: VerifierKey) -> tuple[int, Entry]:
        """Return the entry and its index, or refuse what the log's key does not stand for."""
        try:
            proof = ProofFile.parse(self.proof)
            proof.verify(self.entry, log)
            return proof.index, read_entry(self.entry)
        except (LogError, EntryError) as error:
            msg = f"an entry is not shown to be in the log: {error}"
            raise UnshownError(msg) from error

    def decision(self, log: VerifierKey, *kinds: str) -> tuple[int, DecisionEntry]:
        """Return a decision of one of these kinds."""
        index, entry = self.under(log)
        if not isinstance(entry, DecisionEntry) or entry.kind not in kinds:
            msg = f"entry {index} is not the decision {' or '.join(kinds)}"
            raise UnshownError(msg)
        return index, entry

    def statement(self, log: VerifierKey) -> tuple[int, StatementEntry]:
        """Return the entry of a statement."""
        index, entry = self.under(log)
        if not isinstance(entry, StatementEntry):
            msg = f"entry {index} is not that of a statement"
            raise UnshownError(msg)
        return index, entry

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {"entry": to_text(self.entry), "proof": self.proof.decode()}

    @classmethod
    def read(cls, value: object, path: str = "entry") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        proof = fields.words("proof", MAX_PROOF_FILE)
        shown = cls(
            read_bytes(fields.take("entry"), fields.path("entry"), MAX_ENTRY), proof.encode()
        )
        fields.finish()
        return shown


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a decision, with its salt and the way to the decision's root."""

    salt: bytes
    line: bytes
    position: int
    path: tuple[bytes, ...]

    def under(self, decision: DecisionEntry) -> dict[str, object]:
        """Return what the line says, or refuse one that is not of this decision."""
        try:
            leaf = leaf_hash(self.salt + self.line)
            head = head_from_path(leaf, self.position, decision.count, self.path)
            said = decode_json(self.line)
        except (LogError, EncodingError) as error:
            msg = f"a line is not shown to be of its decision: {error}"
            raise UnshownError(msg) from error
        if head != TreeHead(decision.count, decision.root) or not isinstance(said, dict):
            msg = "a line is not of the decision that it is shown with"
            raise UnshownError(msg)
        return said

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "salt": to_text(self.salt),
            "line": self.line.decode(),
            "position": self.position,
            "path": [to_text(one) for one in self.path],
        }

    @classmethod
    def read(cls, value: object, path: str = "line") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        salt = from_text(fields.text("salt", ID), SALT_LENGTH)
        line = fields.words("line", _MAX_LINE).encode()
        position = fields.integer("position", 0, MAX_LINES)
        hashes = fields.array("path", _MAX_PATH, hash_text)
        fields.finish()
        return cls(salt, line, position, tuple(from_text(one, HASH_LENGTH) for one in hashes))


def read_bytes(value: object, path: str, most: int) -> bytes:
    """Read bytes of a length that is bounded only."""
    if not isinstance(value, str) or len(value) > most * 4 // 3 + 4:
        msg = f"{path} is not at most {most} bytes in base64url"
        raise BodyError(msg)
    try:
        return from_text(value, len(value) * 3 // 4)
    except EncodingError as error:
        msg = f"{path}: {error}"
        raise BodyError(msg) from None
