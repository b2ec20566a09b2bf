"""Tiles and entry bundles (C2SP tlog-tiles): how a tree and its entries lie in files."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .errors import TileError
from .merkle import HASH_LENGTH, HashAt, node_hash
from .text import MAX_NUMBER

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAX_LEVEL: Final = 63
_LEVELS_IN_USE: Final = -(-MAX_NUMBER.bit_length() // HEIGHT)

MAX_ENTRY: Final = 2**16 - 1
"""Most bytes of an entry, whose length stands in a bundle as 16 bits."""

_LENGTH_SIZE: Final = 2
_GROUP: Final = 1000

_PATH: Final = re.compile(
    r"tile/(?P<level>[0-9]|[1-9][0-9]|entries)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Consecutive entries, 256 of them unless the bundle is the last one."""

    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        """Refuse coordinates that no log has."""
        _check_coordinates(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the log serves it."""
        return f"tile/entries/{_index_and_width(self.index, self.width)}"


@dataclass(frozen=True, slots=True)
class Tile:
    """Consecutive hashes over 256**level leaves each, 256 of them unless the tile is the last."""

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        """Refuse coordinates that no log has."""
        if not 0 <= self.level <= MAX_LEVEL:
            msg = f"the level of a tile is from 0 to {MAX_LEVEL}, not {self.level}"
            raise TileError(msg)
        _check_coordinates(self.index, self.width)

    @property
    def path(self) -> str:
        """Where the log serves it."""
        return f"tile/{self.level}/{_index_and_width(self.index, self.width)}"


def parse_path(path: str) -> Tile | Bundle:
    """Read the path of a tile or a bundle, in its one form."""
    match = _PATH.fullmatch(path)
    if match is None:
        msg = "not the path of a tile or an entry bundle"
        raise TileError(msg)
    index = int(re.sub("[x/]", "", match["index"]))
    width = int(match["width"] or WIDTH)
    level = match["level"]
    found = Bundle(index, width) if level == "entries" else Tile(int(level), index, width)
    # Groups of leading zeros, and a full tile that is named like a partial one.
    if found.path != path:
        msg = f"the path of this tile or bundle is {found.path}"
        raise TileError(msg)
    return found


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """List the tiles of a tree of `new` leaves that it had not, or not as wide, at `old` leaves."""
    for level in range(_LEVELS_IN_USE):
        full = HEIGHT * level
        for index, width in _grown(old >> full, new >> full):
            yield Tile(level, index, width)


def new_bundles(old: int, new: int) -> Iterator[Bundle]:
    """List the bundles of `new` entries that were not there, or not as wide, at `old` entries."""
    for index, width in _grown(old, new):
        yield Bundle(index, width)


def hash_from_tiles(size: int, read: Callable[[Tile], bytes]) -> HashAt:
    """Give the hashes of a tree of this size, for proofs, from the tiles that it has."""

    def hash_at(level: int, index: int) -> bytes:
        if level < 0 or not 0 <= index < size >> level:
            msg = f"a tree of {size} leaves has no hash {index} at level {level}"
            raise TileError(msg)
        tile_level, above = divmod(level, HEIGHT)
        number, offset = divmod(index << above, WIDTH)
        stored = size >> (HEIGHT * tile_level)
        tile = Tile(tile_level, number, min(WIDTH, stored - number * WIDTH))
        hashes = split_tile(read(tile), tile.width)[offset : offset + (1 << above)]
        while len(hashes) > 1:
            pairs = zip(hashes[::2], hashes[1::2], strict=True)
            hashes = [node_hash(left, right) for left, right in pairs]
        return hashes[0]

    return hash_at


def split_tile(data: bytes, width: int) -> list[bytes]:
    """Read the hashes of a tile of this width."""
    if len(data) != width * HASH_LENGTH:
        msg = f"a tile of {width} hashes has {width * HASH_LENGTH} bytes, not {len(data)}"
        raise TileError(msg)
    return [data[i : i + HASH_LENGTH] for i in range(0, len(data), HASH_LENGTH)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write the entries of a bundle, each after its length."""
    _check_width(len(entries))
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            msg = f"an entry has at most {MAX_ENTRY} bytes, not {len(entry)}"
            raise TileError(msg)
    return b"".join(len(entry).to_bytes(_LENGTH_SIZE) + entry for entry in entries)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Read the entries of a bundle of this width."""
    _check_width(width)
    entries: list[bytes] = []
    end = 0
    for _ in range(width):
        start = end + _LENGTH_SIZE
        end = start + int.from_bytes(data[end:start])
        entries.append(data[start:end])
    # Past the end of the data, slices come out short, and `end` never comes back to it.
    if end != len(data):
        msg = f"these {len(data)} bytes are not {width} entries with their lengths"
        raise TileError(msg)
    return entries


def _check_coordinates(index: int, width: int) -> None:
    """Refuse an index or a width that nothing can have."""
    if not 0 <= index <= MAX_NUMBER:
        msg = f"the index of a tile or a bundle cannot be {index}"
        raise TileError(msg)
    _check_width(width)


def _check_width(width: int) -> None:
    """Refuse a width that nothing can have."""
    if not 1 <= width <= WIDTH:
        msg = f"a tile or a bundle has from 1 to {WIDTH} items, not {width}"
        raise TileError(msg)


def _index_and_width(index: int, width: int) -> str:
    """Write an index in groups of three digits, and a width that is not the full one."""
    groups = [f"{index % _GROUP:03}"]
    while index := index // _GROUP:
        groups.append(f"x{index % _GROUP:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return "/".join(reversed(groups)) + partial


def _grown(old: int, new: int) -> Iterator[tuple[int, int]]:
    """List index and width of what holds the items from `old` up to `new`."""
    if not 0 <= old <= new <= MAX_NUMBER:
        msg = f"a log of {old} entries does not grow to {new}"
        raise TileError(msg)
    if old < new:
        for index in range(old // WIDTH, -(-new // WIDTH)):
            yield index, min(WIDTH, new - index * WIDTH)
