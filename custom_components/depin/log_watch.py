"""Watches that the co-op's log only grows, and shows its entries under what was seen of it."""

from contextlib import suppress
from typing import Final

from .node import (
    Node,
    NodeAwayError,
    NodeRefusedError,
    StrangeAnswerError,
    UnprovenWordError,
    agreed,
)
from .protocol.checking.log_cases import ForkCase, opened
from .protocol.checking.shown import ShownEntry
from .protocol.checking.verdicts import UnshownError
from .protocol.encoding import from_text
from .protocol.log.errors import LogError
from .protocol.log.merkle import HASH_LENGTH, TreeHead
from .protocol.log.notes import Note, VerifierKey
from .protocol.log.proof_file import ProofFile
from .protocol.log.tiles import WIDTH, Bundle, decode_bundle
from .protocol.statements.fields import Fields, hash_text
from .suspicion import examine

_CHECKPOINT: Final = "checkpoint"
_TEXT: Final = "text/plain"
_MAX_PATH: Final = 128


class LogWatch:
    """The largest checkpoint that this home has seen, and what is compared with it."""

    def __init__(self, node: Node, log: VerifierKey, seen: bytes | None) -> None:
        """Go on with what was seen before."""
        self.log = log
        self.seen: bytes | None = None
        self._tree: TreeHead | None = None
        self._node = node
        if seen is not None:
            with suppress(UnshownError):
                self._tree = opened(seen, log).tree
                self.seen = seen
        self._was_shorter = False

    @property
    def size(self) -> int:
        """How many entries the log had when it was looked at last."""
        return 0 if self._tree is None else self._tree.size

    def forget(self) -> None:
        """Begin anew with what the log is now."""
        self.seen = self._tree = None

    async def advance(self) -> None:
        """Look at the log's newest checkpoint."""
        note = await self._node.public_file(_CHECKPOINT)
        tree = self._opened(note)
        if self.seen is not None and tree.size < self.size:
            await self._show_what_was_seen()
            if self._was_shorter:
                examine(ForkCase(self.seen, note), self.log)
            self._was_shorter = True
            msg = f"the log has {tree.size} entries, and had {self.size} before"
            raise NodeAwayError(msg)
        self._was_shorter = False
        await self._compare(note, tree)

    async def compare(self, note: bytes) -> None:
        """Compare a checkpoint that came with something else."""
        await self._compare(note, self._opened(note))

    async def entry(self, index: int) -> ShownEntry:
        """Show an entry; what is wrong with it is for who uses it to find."""
        if index >= self.size:
            await self.advance()
        seen, size = self.seen, self.size
        if seen is None or index >= size:
            msg = f"entry {index} is under no checkpoint yet"
            raise NodeAwayError(msg)
        first = index - index % WIDTH
        bundle = Bundle(first // WIDTH, min(WIDTH, size - first))
        asked = f"{self._node.path}/proofs/inclusion?index={index}&size={size}"
        path = self._hashes(await self._node.ask(asked))
        try:
            entries = decode_bundle(await self._node.public_file(bundle.path), bundle.width)
            proof = ProofFile(index, path, Note.parse(seen))
        except LogError as error:
            msg = f"an entry of the log is not served as agreed: {error}"
            raise StrangeAnswerError(msg) from error
        return ShownEntry(entries[index - first], proof.format())

    async def _compare(self, note: bytes, tree: TreeHead) -> None:
        if self.seen is None or self._tree is None:
            self.seen, self._tree = note, tree
            return
        low, high = sorted((tree.size, self._tree.size))
        path = await self._consistency(low, high) if 0 < low < high else ()
        if low:
            examine(ForkCase(self.seen, note, path), self.log)
        if tree.size > self._tree.size:
            self.seen, self._tree = note, tree

    async def _consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        asked = f"{self._node.path}/proofs/consistency?old={old}&new={new}"
        try:
            return self._hashes(await self._node.ask(asked))
        except NodeRefusedError:
            # It has signed both sizes, so there is a proof, unless it has two logs.
            return ()

    async def _show_what_was_seen(self) -> None:
        """Let a node that was set back know what it had signed."""
        assert self.seen is not None  # noqa: S101 - asked for only where there is something
        try:
            await self._node.ask(f"{self._node.path}/checkpoints", self.seen, _TEXT)
        except NodeRefusedError:
            return

    def _opened(self, note: bytes) -> TreeHead:
        try:
            return opened(note, self.log).tree
        except UnshownError as error:
            raise UnprovenWordError(str(error)) from error

    @staticmethod
    def _hashes(answer: object) -> tuple[bytes, ...]:
        def read() -> tuple[bytes, ...]:
            hashes = Fields(answer, "proof").array("path", _MAX_PATH, hash_text)
            return tuple(from_text(one, HASH_LENGTH) for one in hashes)

        return agreed(read)
