"""How a node gets back the entries that it had before it was restored from a backup.

The largest checkpoint that anybody holds says what they were. Entries come from any mirror of the
log, bodies from those who have them: homes send their statements again, replicas the decisions.
None of them is trusted: the entries have to lead to the checkpoint, and the bodies to the entries.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from depin_protocol.encoding import to_text
from depin_protocol.log.checkpoint import Checkpoint
from depin_protocol.log.entries import EntryError, StatementEntry, read_entry
from depin_protocol.log.merkle import leaf_hash
from depin_protocol.log.tree import CompactRange
from depin_protocol.statements.envelope import statement_hash
from settlement_node.coop.replaying import Replay, Written, looks_far
from settlement_node.coop.state import CoopState
from settlement_node.keeping.state_root import first_name
from settlement_node.log.entries import decode_lines, lines_root
from settlement_node.store.backup import META
from settlement_node.store.port import Store, View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Put

_REGAINED: Final = "regained "
_AT_ONCE: Final = 500


class NotRegainedError(Exception):
    """What was offered is not what the log had; the message says why."""


class Regaining:
    """Collects what is missing up to a checkpoint, and follows it as far as it is whole."""

    def __init__(self, state: CoopState, store: Store, target: Checkpoint) -> None:
        """Regain what lies between the state and the checkpoint."""
        self._state = state
        self._store = store
        self.target = target
        self._start = state.size
        self._entries: list[bytes] = []
        self._wanted: dict[str, int] = {}
        self._bodies: dict[int, bytes] = {}
        self._said: set[int] = set()
        self._decided: set[int] = set()
        """Of which statements and which decisions the body is missing."""
        self._led = False
        """The entries are all here, and lead to the target."""

    @property
    def whole(self) -> bool:
        """Tell whether nothing is missing any more."""
        return self._state.size >= self.target.tree.size

    @property
    def missing(self) -> str:
        """Say what is still missing."""
        target = self.target.tree.size
        known = self._start + len(self._entries)
        if known < target:
            return lacking_entries(known, target)
        said, decided = len(self._said), len(self._decided)
        lacking = [
            f"{_counted(said, 'statement')}, which homes send again and auditors' copies have"
            if said
            else "",
            f"{_counted(decided, 'decision')}, which auditors' copies have" if decided else "",
        ]
        bodies = "body" if said + decided == 1 else "bodies"
        return f"the {bodies} of {' and of '.join(filter(None, lacking))}"

    def offer_entries(self, start: int, entries: Sequence[bytes]) -> None:
        """Take the entries from `start` on, until there are all; they must lead to the target."""
        known = self._start + len(self._entries)
        if not start <= known:
            raise NotRegainedError(f"entries from {known} on are wanted first, not from {start}")
        room = self.target.tree.size - known
        fresh = entries[known - start :][:room]
        self._entries += fresh
        if len(fresh) < room or not fresh:
            return
        edge = CompactRange(self._start, self._state.sequence.peaks)
        for entry in self._entries:
            edge.append(leaf_hash(entry))
        if edge.head() != self.target.tree:
            self._entries.clear()
            raise NotRegainedError(
                "these entries do not lead to the checkpoint: ask another mirror"
            )
        for index, entry in enumerate(self._entries, self._start):
            read = read_entry(entry)
            if isinstance(read, StatementEntry):
                self._wanted[read.hash] = index
                self._said.add(index)
            elif read.count:
                self._wanted[first_name(read) or to_text(read.root)] = index
                self._decided.add(index)
            else:
                self._bodies[index] = b""
        self._led = True

    def offer_body(self, body: bytes) -> bool:
        """Take the body of an entry that is missing; tell whether it is one."""
        for name in _names(body):
            index = self._wanted.get(name)
            if index is not None and index >= self._state.size:
                self._bodies[index] = body
                self._said.discard(index)
                self._decided.discard(index)
                return True
        return False

    async def advance(self) -> int:
        """Follow the entries whose bodies are there, durably; return how many.

        Where it raises, the state may be ahead of the store, and neither may be used any more.
        """
        first = self._state.size
        replay = Replay(self._state, self._store)
        try:
            while written := self._next_portion():
                changes: list[Change] = []
                async for _, effects in replay.portion(written):
                    changes += effects.changes
                changes.append(_regained_row(self._start, self._state.size - self._start))
                await self._store.commit([*changes, *self._state.take_changes()])
        finally:
            replay.close()
        return self._state.size - first

    def _next_portion(self) -> list[Written]:
        written: list[Written] = []
        index = self._state.size
        while self._led and index in self._bodies and len(written) < _AT_ONCE:
            entry = self._entries[index - self._start]
            one = Written(index, read_entry(entry), entry, self._bodies[index])
            if written and looks_far(one):
                break
            del self._bodies[index]
            written.append(one)
            index += 1
        return written


def lacking_entries(known: int, target: int) -> str:
    """Say which entries are missing, and who has them."""
    return f"entries {known} to {target - 1}, which any mirror of the log can give"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


async def regained(view: View) -> list[range]:
    """Return which entries were regained: the receipts that were given for them are elsewhere."""
    ranges = []
    async for name, count in every_row(view, META, after=(_REGAINED,)):
        if not isinstance(name, str) or not name.startswith(_REGAINED):
            break
        first = int(name.removeprefix(_REGAINED))
        ranges.append(range(first, first + int(count)))
    return ranges


def _regained_row(first: int, count: int) -> Change:
    return Put(META, [(f"{_REGAINED}{first:015}", b"%d" % count)])


def _names(body: bytes) -> list[str]:
    """Return what an entry may call this body: a statement's hash, or the root of its lines."""
    names = [statement_hash(body)]
    with suppress(EntryError):
        names.append(to_text(lines_root(decode_lines(body))))
    return names
