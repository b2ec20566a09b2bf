"""The state roots that are kept, who has confirmed them, and below which bodies were erased."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from depin_protocol.durations import DAY
from depin_protocol.encoding import decode_json, encode_json
from depin_protocol.statements.fields import HASH, Fields, identifier
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Put, Row, Table, binary, integers

ROOT: Final = Table("state_root", integers("entry"), binary("data"))
LINES: Final = Table("state_lines", integers("index"), binary("lines"))
"""What a state root that is kept stands for. It can't be part of a state itself."""

NEWEST_KEPT: Final = 7
MILESTONE: Final = 30 * DAY
"""Of each such stretch of time the first root is kept, for an erasure years later."""

_MOST_AUDITORS: Final = 2**16


@dataclass(frozen=True, slots=True)
class Root:
    """A state root."""

    name: str
    """The hash of its entry."""
    at: int
    milestone: bool
    confirmed: tuple[str, ...] = ()
    """The auditors who came to the same state, in the order in which they said so."""
    erased: bool = False
    """Whether the bodies below it were given up."""

    def row(self, entry: int) -> Row:
        """Return its row."""
        data = {
            "name": self.name,
            "at": self.at,
            "milestone": int(self.milestone),
            "confirmed": self.confirmed,
            "erased": int(self.erased),
        }
        return entry, encode_json(data)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `row` wrote."""
        fields = Fields(decode_json(data), "state_root")
        return cls(
            fields.text("name", HASH),
            fields.time("at"),
            bool(fields.integer("milestone", 0, 1)),
            fields.array("confirmed", _MOST_AUDITORS, identifier),
            bool(fields.integer("erased", 0, 1)),
        )


class Roots:
    """The roots that are kept, by the index of their entries; each change returns its rows."""

    def __init__(self) -> None:
        """Begin with none."""
        self._roots: dict[int, Root] = {}

    @property
    def all(self) -> Mapping[int, Root]:
        """Every root that is kept, oldest first."""
        return self._roots

    @property
    def newest(self) -> int | None:
        """The index of the last one."""
        return max(self._roots, default=None)

    @property
    def horizon(self) -> int:
        """The index of the root below which bodies were given up; 0 while none were."""
        return max((index for index, root in self._roots.items() if root.erased), default=0)

    async def load(self, view: View) -> None:
        """Take the roots from their rows."""
        async for index, data in every_row(view, ROOT):
            if isinstance(index, int) and isinstance(data, bytes):
                self._roots[index] = Root.read(data)

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give the rows of all roots."""
        for index, root in self._roots.items():
            yield ROOT, root.row(index)

    def find(self, name: str) -> int | None:
        """Return the index of a root by its name."""
        return next((index for index, root in self._roots.items() if root.name == name), None)

    def add(self, index: int, name: str, at: int) -> list[Change]:
        """Take a new root, and let go of those that nobody will need."""
        last = max((root.at for root in self._roots.values()), default=0)
        root = Root(name, at, milestone=at // MILESTONE > last // MILESTONE)
        self._roots[index] = root
        kept = self._needed()
        return [Put(ROOT, [root.row(index)]), *self._drop(set(self._roots) - kept)]

    def _needed(self) -> set[int]:
        newest = sorted(self._roots)[-NEWEST_KEPT:]
        confirmed = [index for index, root in self._roots.items() if root.confirmed][-1:]
        steady = [index for index, root in self._roots.items() if root.milestone or root.erased]
        return {*newest, *confirmed, *steady}

    def confirm(self, index: int, auditor: str) -> list[Change]:
        """Note that an auditor came to this state."""
        root = self._roots[index]
        return self._set(index, replace(root, confirmed=(*root.confirmed, auditor)))

    def erase(self, index: int) -> list[Change]:
        """Give up the bodies below a root, and with them the roots that stand on them."""
        changes = self._set(index, replace(self._roots[index], erased=True))
        return changes + self._drop({other for other in self._roots if other < index})

    def _set(self, index: int, root: Root) -> list[Change]:
        self._roots[index] = root
        return [Put(ROOT, [root.row(index)])]

    def _drop(self, indexes: set[int]) -> list[Change]:
        if not indexes:
            return []
        for index in indexes:
            del self._roots[index]
        keys = [(index,) for index in sorted(indexes)]
        return [Delete(ROOT, keys), Delete(LINES, keys)]
