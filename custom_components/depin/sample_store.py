"""Fine samples that stay at home, under the Merkle roots that were sent; the oldest go first."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from .journal import MAX_CONTENT, DamagedError, Journal, Record, new_folder, records
from .protocol.encoding import to_text
from .protocol.frames import pack, unpack
from .protocol.log.merkle import leaf_hash
from .protocol.log.tree import CompactRange

_LOGGER: Final = logging.getLogger(__name__)

DEFAULT_LIMIT: Final = 256 * 2**20
SMALLEST_LIMIT: Final = 2**20

_SAMPLES: Final = b"F"
_TIME_SIZE: Final = 8
_ROOT_SIZE: Final = 32
_DEVICE_SIZE: Final = 22
_HEAD_SIZE: Final = _TIME_SIZE + _ROOT_SIZE + _DEVICE_SIZE
_FIRST_PART: Final = 1
_PARTS: Final = 16
"""How many files the samples are spread over: the oldest goes as a whole."""


@dataclass(frozen=True, slots=True)
class KeptSamples:
    """The samples under one root, each as its leaf's bytes, in the order of the tree."""

    at: int
    device: str
    root: str
    samples: tuple[bytes, ...]

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read what was written."""
        root_end = _TIME_SIZE + _ROOT_SIZE
        return cls(
            at=int.from_bytes(content[:_TIME_SIZE]),
            device=content[root_end:_HEAD_SIZE].decode("ascii"),
            root=to_text(content[_TIME_SIZE:root_end]),
            samples=tuple(unpack(content[_HEAD_SIZE:], MAX_CONTENT)),
        )


class SampleStore:
    """Keeps samples up to a size that the owner sets, on a thread of its own."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Keep samples in a folder; nothing is read before `open`."""
        self.kept_since: int | None = None
        """When the oldest samples that are here were handed over; None while there are none."""
        self._listeners: list[Callable[[], None]] = []
        self._folder = folder
        self._limit = max(limit, SMALLEST_LIMIT)
        self._writer = ThreadPoolExecutor(1, "depin samples")
        self._parts: list[int] = []
        self._sizes: dict[int, int] = {}
        self._journal: Journal

    @classmethod
    async def open(cls, folder: Path, limit: int = DEFAULT_LIMIT) -> SampleStore:
        """Go on with what is there; with a smaller limit than before, the oldest goes at once."""
        store = cls(folder, limit)
        loop = asyncio.get_running_loop()
        with ExitStack() as undone:
            undone.callback(store._writer.shutdown)
            await loop.run_in_executor(store._writer, store._begin)
            undone.pop_all()
        return store

    @property
    def thinned_before(self) -> int | None:
        """Return before when samples were deleted to keep to the size set; None if never."""
        return self.kept_since if self._parts[0] > _FIRST_PART else None

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back after samples were added, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_add(self, device: str, samples: Sequence[bytes]) -> None:
        """Keep the samples under one root of a device, in the order of their tree."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writer, self._add, device, samples)
        for listener in tuple(self._listeners):
            listener()

    async def async_find(self, root: str) -> KeptSamples | None:
        """Return the samples under a root, unless they have been thinned out."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._find, root)

    async def close(self) -> None:
        """Use the files no more."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writer, self._journal.close)
        self._writer.shutdown()

    # On the writer's thread

    def _begin(self) -> None:
        new_folder(self._folder)
        self._parts = sorted(int(file.stem) for file in self._folder.glob("*.samples"))
        self._parts = self._parts or [_FIRST_PART]
        self._sizes = {
            part: self._file(part).stat().st_size
            for part in self._parts
            if self._file(part).exists()
        }
        try:
            self._open(self._parts[-1])
        except DamagedError:
            # These are finer than what was sent, and can be spared.
            self._open(self._parts[-1] + 1)
        self._thin()

    def _open(self, part: int) -> None:
        if part not in self._parts:
            self._parts.append(part)
        self._journal = Journal(self._file(part), synced=False)
        self._sizes[part] = self._journal.size

    def _add(self, device: str, samples: Sequence[bytes]) -> None:
        edge = CompactRange()
        for sample in samples:
            edge.append(leaf_hash(sample))
        now = time.time_ns() // 1_000_000
        head = now.to_bytes(_TIME_SIZE) + edge.head().root + device.encode("ascii")
        if self._journal.size > self._limit // _PARTS:
            self._journal.close()
            self._open(self._parts[-1] + 1)
        self._journal.add((_SAMPLES, head + pack(samples)))
        self._sizes[self._parts[-1]] = self._journal.size
        self._thin()

    def _thin(self) -> None:
        thinned = False
        while len(self._parts) > 1 and sum(self._sizes.values()) > self._limit:
            part = self._parts.pop(0)
            self._file(part).unlink(missing_ok=True)
            del self._sizes[part]
            thinned = True
        if thinned or self.kept_since is None:
            self.kept_since = self._oldest()
        if thinned and self.kept_since is not None:
            since = datetime.fromtimestamp(self.kept_since // 1000, UTC)
            _LOGGER.info("Fine samples from before %s were deleted to keep to the size set", since)

    def _oldest(self) -> int | None:
        for part in self._parts:
            for record in self._records(part):
                return KeptSamples.read(record.content).at
        return None

    def _find(self, root: str) -> KeptSamples | None:
        for part in reversed(self._parts):
            for record in self._records(part):
                kept = KeptSamples.read(record.content)
                if kept.root == root:
                    return kept
        return None

    def _records(self, part: int) -> list[Record]:
        file = self._file(part)
        return list(records(file.read_bytes())) if file.exists() else []

    def _file(self, part: int) -> Path:
        return self._folder / f"{part:08}.samples"
