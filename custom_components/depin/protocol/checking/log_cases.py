"""Checks that concern the log as a whole: that it only grows, and holds what was promised."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from ..encoding import decode_json, encode_json, from_text, to_text
from ..identifiers import HASH_LENGTH
from ..keys import KEY_LENGTH
from ..log.checkpoint import Checkpoint, open_checkpoint
from ..log.errors import LogError
from ..log.merkle import verify_consistency
from ..log.notes import MAX_NOTE, Note, VerifierKey
from ..problems import RefusedError
from ..receipts import Receipt, ReceiptError
from ..statements.envelope import MAX_STATEMENT, read_statement
from ..statements.fields import HASH, MAX_TIME, Fields, hash_text
from .shown import read_bytes
from .verdicts import Check, FailedCheckError, OpenQuestionError, UnshownError

_MAX_PATH: Final = 128


@dataclass(frozen=True, slots=True)
class ForkCase:
    """Two checkpoints, and what the node gave to lead from the smaller to the larger."""

    NAME: ClassVar[Check] = Check.LOG

    before: bytes
    after: bytes
    path: tuple[bytes, ...] = ()

    def check(self, log: VerifierKey) -> None:
        """Raise what the two come to, unless one leads to the other."""
        old, new = (opened(note, log).tree for note in (self.before, self.after))
        if old.size > new.size:
            old, new = new, old
        if old.size == new.size:
            if old.root != new.root:
                msg = f"the log's key signed two trees of {old.size} entries"
                raise FailedCheckError(Check.LOG, msg)
            return
        try:
            verify_consistency(old, new, self.path)
        except LogError as error:
            msg = (
                f"the log's key signed {old.size} and {new.size} entries, and what the node gave"
                f" does not lead from one to the other ({error}): let it give a proof that does"
            )
            raise OpenQuestionError(Check.LOG, msg) from error

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "before": self.before.decode(),
            "after": self.after.decode(),
            "path": [to_text(one) for one in self.path],
        }

    @classmethod
    def read(cls, value: object, path: str = "log") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        before, after = (fields.words(name, MAX_NOTE).encode() for name in ("before", "after"))
        hashes = fields.array("path", _MAX_PATH, hash_text)
        fields.finish()
        return cls(before, after, tuple(from_text(one, HASH_LENGTH) for one in hashes))


@dataclass(frozen=True, slots=True)
class PromiseCase:
    """A statement with its receipt, whose time has passed."""

    NAME: ClassVar[Check] = Check.PROMISE

    statement: bytes
    receipt: bytes
    node_key: bytes
    asked_at: int
    """When the node did not prove it to be in the log."""

    def check(self, log: VerifierKey) -> None:
        """Raise an OpenQuestionError if there is a promise that was to be kept by then."""
        try:
            receipt = Receipt.read(self.receipt)
            receipt.verify(self.node_key)
            said = read_statement(self.statement)
        except (ReceiptError, RefusedError) as error:
            msg = f"there is no promise: {error}"
            raise UnshownError(msg) from error
        if (receipt.statement, receipt.origin) != (said.hash, log.name):
            msg = "the receipt is for another statement, or of another log"
            raise UnshownError(msg)
        if receipt.due > self.asked_at:
            return
        head = said.header
        msg = (
            f"the node promised number {head.seq} of chain {head.chain} to be in the log by"
            f" {receipt.due}, and did not prove it at {self.asked_at}: let it give its proof"
        )
        raise OpenQuestionError(Check.PROMISE, msg)

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {
            "statement": to_text(self.statement),
            "receipt": decode_json(self.receipt),
            "node_key": to_text(self.node_key),
            "asked_at": self.asked_at,
        }

    @classmethod
    def read(cls, value: object, path: str = "promise") -> Self:
        """Read what was written."""
        fields = Fields(value, path)
        case = cls(
            read_bytes(fields.take("statement"), fields.path("statement"), MAX_STATEMENT),
            encode_json(fields.json_object("receipt")),
            from_text(fields.text("node_key", HASH), KEY_LENGTH),
            fields.integer("asked_at", 1, MAX_TIME),
        )
        fields.finish()
        return case


def opened(note: bytes, log: VerifierKey) -> Checkpoint:
    """Read a checkpoint, or refuse what the log's key did not sign."""
    try:
        return open_checkpoint(Note.parse(note), log)
    except LogError as error:
        msg = f"what is shown as a checkpoint is none of the log's: {error}"
        raise UnshownError(msg) from error
