"""A member's keys, and which of them counts where."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from .bodies import Stream
from .heads import Head


class Handover(NamedTuple):
    """The last places of the key before; none in a stream of which it had nothing to leave."""

    metering: Head | None = None
    trading: Head | None = None


LOST: Final = Handover()
"""A lost key leaves no place: all that it opened ends where it stands."""


class KeyHistory:
    """The keys of a member, one after another.

    Up to the place that a change names in a chain the key before counts, whenever a statement
    arrives; after it, and in every chain that is opened later, only the next one.
    """

    def __init__(self, first: bytes) -> None:
        """Begin with the key that the member joined with."""
        self._keys = [first]
        self._handovers: list[Handover] = []
        self._named: dict[tuple[Stream, str], list[tuple[Head, int]]] = {}

    @property
    def keys(self) -> Sequence[bytes]:
        """All keys that the member has had, the newest last."""
        return self._keys

    @property
    def handovers(self) -> Sequence[Handover]:
        """How each key but the first came after the one before."""
        return self._handovers

    def index_at(self, stream: Stream, chain: str, seq: int, opened_under: int | None) -> int:
        """Tell which key counts at a place; `opened_under` is None in a chain not yet opened."""
        if opened_under is None:
            return len(self._keys) - 1
        named = self._named.get((stream, chain), [])
        passed = bisect_left(named, seq, key=_seq)
        return named[passed - 1][1] if passed else opened_under

    def last_place(self, stream: Stream, chain: str, seq: int) -> Head | None:
        """Return the head that a change named at this place, if one did."""
        named = self._named.get((stream, chain), [])
        at = bisect_left(named, seq, key=_seq)
        return named[at][0] if at < len(named) and named[at][0].seq == seq else None

    def hand_over(self, key: bytes, handover: Handover) -> None:
        """Go on with another key after these places."""
        self._keys.append(key)
        self._handovers.append(handover)
        places: tuple[tuple[Stream, Head | None], ...] = (
            ("metering", handover.metering),
            ("trading", handover.trading),
        )
        for stream, head in places:
            if head is not None:
                named = self._named.get((stream, head.chain), [])
                # Who lost what was yet to come names an earlier place; the later ones are void.
                before = named[: bisect_left(named, head.seq, key=_seq)]
                # One assignment: others may be looking a key up meanwhile, in threads.
                self._named[stream, head.chain] = [*before, (head, len(self._keys) - 1)]


def _seq(named: tuple[Head, int]) -> int:
    return named[0].seq
