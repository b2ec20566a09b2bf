"""Checkpoints (C2SP tlog-checkpoint): a log's name, size and root as the text of a signed note."""

from dataclasses import dataclass
from typing import Final, Self

from . import notes
from .errors import CheckpointError
from .merkle import HASH_LENGTH, TreeHead
from .text import format_base64, parse_base64, parse_decimal

_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one moment."""

    origin: str
    tree: TreeHead
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse lines that are empty, or that are more than one line."""
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            msg = "the origin and each extension of a checkpoint is one line and not empty"
            raise CheckpointError(msg)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint's note."""
        if not text.endswith("\n"):
            msg = "the text of a checkpoint ends in a newline"
            raise CheckpointError(msg)
        lines = text[:-1].split("\n")
        if len(lines) < _LINES:
            msg = f"a checkpoint has at least {_LINES} lines, not {len(lines)}"
            raise CheckpointError(msg)
        origin, size_line, root_line, *extensions = lines
        size = parse_decimal(size_line)
        if size is None:
            msg = "the second line of a checkpoint is a size without leading zeros"
            raise CheckpointError(msg)
        root = parse_base64(root_line)
        if root is None or len(root) != HASH_LENGTH:
            msg = f"the third line of a checkpoint is {HASH_LENGTH} bytes in standard base64"
            raise CheckpointError(msg)
        return cls(origin, TreeHead(size, root), tuple(extensions))

    def format(self) -> str:
        """Write the text of the checkpoint's note."""
        lines = (self.origin, str(self.tree.size), format_base64(self.tree.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def sign_checkpoint(checkpoint: Checkpoint, seed: bytes) -> notes.Note:
    """Sign a checkpoint as its log, whose key bears the name of the origin."""
    text = checkpoint.format()
    return notes.Note(text, (notes.sign(text, checkpoint.origin, seed),))


def open_checkpoint(note: notes.Note, log: notes.VerifierKey) -> Checkpoint:
    """Read a checkpoint that this log signed, and refuse every other."""
    notes.verify(note, [log])
    checkpoint = Checkpoint.parse(note.text)
    # A log that may also sign for another origin could pass one tree off as the other.
    if checkpoint.origin != log.name:
        msg = f"{log.name} signed a checkpoint of another origin"
        raise CheckpointError(msg)
    return checkpoint
