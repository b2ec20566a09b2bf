"""Proof files (C2SP tlog-proof): what shows offline that a log holds an entry."""

from dataclasses import dataclass
from typing import Final, Self

from .checkpoint import Checkpoint, open_checkpoint
from .cosignature import NO_WITNESSES, Quorum
from .errors import ProofFileError
from .merkle import check_hash, leaf_hash, verify_inclusion
from .notes import MAX_NOTE, Note, VerifierKey
from .text import MAX_NUMBER, format_base64, parse_base64, parse_decimal

EXTENSION: Final = ".tlog-proof"

MAX_PROOF_FILE: Final = 2 * MAX_NOTE

_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class ProofFile:
    """An entry's index and Merkle proof, and the checkpoint that they lead to."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes = b""
    """Not authenticated by anything."""

    def __post_init__(self) -> None:
        """Refuse what no proof file can hold."""
        if not 0 <= self.index <= MAX_NUMBER:
            msg = f"the index of an entry cannot be {self.index}"
            raise ProofFileError(msg)
        for sibling in self.proof:
            check_hash(sibling)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof file, of which nothing is to be believed before it is verified."""
        if len(data) > MAX_PROOF_FILE:
            msg = f"a proof file has at most {MAX_PROOF_FILE} bytes, not {len(data)}"
            raise ProofFileError(msg)
        head, blank, note = data.partition(b"\n\n")
        if not blank or not head.isascii():
            msg = "a proof file has ASCII lines, an empty line, and a checkpoint"
            raise ProofFileError(msg)
        first, *lines = head.decode("ascii").split("\n")
        if first != _FIRST_LINE:
            msg = f"a proof file begins with {_FIRST_LINE}"
            raise ProofFileError(msg)
        extra = b""
        if lines and lines[0].startswith(_EXTRA):
            extra = _bytes_of(lines.pop(0).removeprefix(_EXTRA))
        if not lines or not lines[0].startswith(_INDEX):
            msg = "a proof file names the index of its entry"
            raise ProofFileError(msg)
        index = parse_decimal(lines[0].removeprefix(_INDEX))
        if index is None:
            msg = "the index of a proof file is a number without leading zeros"
            raise ProofFileError(msg)
        proof = tuple(_bytes_of(line) for line in lines[1:])
        return cls(index, proof, Note.parse(note), extra)

    def format(self) -> bytes:
        """Write the proof file."""
        extra = [_EXTRA + format_base64(self.extra)] if self.extra else []
        proof = [format_base64(sibling) for sibling in self.proof]
        head = "\n".join([_FIRST_LINE, *extra, f"{_INDEX}{self.index}", *proof])
        return head.encode("ascii") + b"\n\n" + self.checkpoint.format()

    def verify(self, entry: bytes, log: VerifierKey, quorum: Quorum = NO_WITNESSES) -> Checkpoint:
        """Give the checkpoint that shows the entry in this log, or refuse with the reason."""
        checkpoint = open_checkpoint(self.checkpoint, log)
        quorum.check(self.checkpoint)
        verify_inclusion(leaf_hash(entry), self.index, self.proof, checkpoint.tree)
        return checkpoint


def _bytes_of(encoded: str) -> bytes:
    """Read a line's base64, which is never empty."""
    data = parse_base64(encoded)
    if not data:
        msg = "a proof file holds hashes and extra data in standard base64"
        raise ProofFileError(msg)
    return data
