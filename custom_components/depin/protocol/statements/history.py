"""A member's keys, and which of them counts where."""

from bisect import bisect_left
from collections.abc import Sequence

from .bodies import Stream
from .heads import Head


class KeyHistory:
    """The keys of a member, one after another.

    Up to the place that a change names in a chain the key before counts, whenever a statement
    arrives; after it, and in every chain that is opened later, only the next one.
    """

    def __init__(self, first: bytes) -> None:
        """Begin with the key that the member joined with."""
        self._keys = [first]
        self._changes: dict[tuple[Stream, str], list[tuple[Head, int]]] = {}

    @property
    def keys(self) -> Sequence[bytes]:
        """All keys that the member has had, the newest last."""
        return self._keys

    def index_at(self, stream: Stream, chain: str, seq: int, opened_under: int | None) -> int:
        """Tell which key counts at a place; `opened_under` is None in a chain not yet opened."""
        if opened_under is None:
            return len(self._keys) - 1
        changes = self._changes.get((stream, chain), [])
        passed = bisect_left(changes, seq, key=lambda change: change[0].seq)
        return changes[passed - 1][1] if passed else opened_under

    def last_place(self, stream: Stream, chain: str, seq: int) -> Head | None:
        """Return the head that a change named at this place, if one did."""
        changes = self._changes.get((stream, chain), [])
        at = bisect_left(changes, seq, key=lambda change: change[0].seq)
        return changes[at][0] if at < len(changes) and changes[at][0].seq == seq else None

    def change(self, key: bytes, metering: Head | None, trading: Head) -> None:
        """Go on with another key after these places."""
        self.replace(key)
        if metering is not None:
            self._name("metering", metering)
        self._name("trading", trading)

    def replace(self, key: bytes) -> None:
        """Go on with another key in chains that are yet to be opened: the old one was lost."""
        self._keys.append(key)

    def _name(self, stream: Stream, head: Head) -> None:
        self._changes.setdefault((stream, head.chain), []).append((head, len(self._keys) - 1))
