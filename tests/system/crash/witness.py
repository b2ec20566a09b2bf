"""A witness of the public log: it remembers each checkpoint it saw, and follows every entry."""

from threading import Event
from typing import Final

from depin_protocol.log.checkpoint import open_checkpoint
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.log.errors import LogError
from depin_protocol.log.merkle import TreeHead, leaf_hash
from depin_protocol.log.notes import Note, VerifierKey
from depin_protocol.log.tiles import WIDTH, Bundle
from depin_protocol.log.tree import CompactRange
from tests.node.api.neighbour import ask
from tests.system.crash.breaches import Breach, Findings

_LENGTH: Final = 2


class Witness:
    """Knows nothing of the node but its address and the log's key."""

    def __init__(self, coop: str, key: VerifierKey, findings: Findings) -> None:
        """Begin before the first checkpoint."""
        self._path = f"/log/{coop}"
        self._key = key
        self._findings = findings
        self._seen: dict[int, bytes] = {}
        self._followed = CompactRange()
        self.statements: dict[str, int] = {}
        """Where each statement is that a checkpoint was seen to hold."""
        self.news = Event()

    @property
    def checkpoints(self) -> int:
        """How many different ones were seen."""
        return len(self._seen)

    def look(self, port: int) -> TreeHead | None:
        """See the newest checkpoint: none may be smaller than one before, or differ from it."""
        reply = ask(port, f"{self._path}/checkpoint")
        if reply.status != 200:
            return None
        try:
            head = open_checkpoint(Note.parse(reply.content), self._key).tree
        except LogError as error:
            self._findings.note(Breach.FORKED, str(error))
            return None
        if head.size < max(self._seen, default=0):
            self._findings.note(Breach.FORKED, f"{max(self._seen)} entries became {head.size}")
        elif head.size not in self._seen:
            self._seen[head.size] = head.root
            self.news.set()
        elif self._seen[head.size] != head.root:
            self._findings.note(Breach.FORKED, f"two roots of {head.size} entries")
        return head

    def follow(self, port: int) -> None:
        """Read what is new up to the newest checkpoint: it must lead to every one that was seen."""
        head = self.look(port)
        if head is None or head.size < self._followed.size:
            return
        while (at := self._followed.size) < head.size:
            first = at // WIDTH * WIDTH
            width = min(WIDTH, head.size - first)
            reply = ask(port, f"{self._path}/{Bundle(first // WIDTH, width).path}")
            if reply.status != 200:
                self._findings.note(Breach.FORKED, f"no entries from {first}: {reply.status}")
                return
            for entry in _entries(reply.content)[at - first :]:
                self._take(entry)

    def _take(self, data: bytes) -> None:
        index = self._followed.size
        self._followed.append(leaf_hash(data))
        entry = read_entry(data)
        if isinstance(entry, StatementEntry):
            before = self.statements.setdefault(entry.hash, index)
            if before != index:
                self._findings.note(Breach.TWICE, f"{entry.hash} at {before} and at {index}")
        head = self._followed.head()
        if self._seen.get(head.size, head.root) != head.root:
            self._findings.note(Breach.FORKED, f"the checkpoint of {head.size} entries")


def _entries(bundle: bytes) -> list[bytes]:
    found = []
    while bundle:
        end = _LENGTH + int.from_bytes(bundle[:_LENGTH])
        found.append(bundle[_LENGTH:end])
        bundle = bundle[end:]
    return found
