"""Tiles and entry bundles: paths, shapes, and the same proofs from tiles as from memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.log.errors import TileError
from depin_protocol.log.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_head,
)
from depin_protocol.log.tiles import (
    MAX_ENTRY,
    Bundle,
    Tile,
    decode_bundle,
    encode_bundle,
    hash_from_tiles,
    new_bundles,
    new_tiles,
    parse_path,
    split_tile,
)
from depin_protocol.log.tree import MemoryTree

SIZE = 66_000  # three levels of tiles
LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(SIZE)]
TREE = MemoryTree(LEAVES)

sizes = st.integers(1, SIZE) | st.sampled_from([1, 255, 256, 257, 65_535, 65_536, 65_537, SIZE])


def content(tile: Tile) -> bytes:
    """Write a tile as a log would serve it, from the whole tree in memory."""
    first = tile.index * 256
    return b"".join(TREE.hash_at(8 * tile.level, first + i) for i in range(tile.width))


def tiles_by_definition(size: int) -> set[Tile]:
    """List a tree's tiles by the formulas of tlog-tiles, one hash after the other."""
    found = set()
    for level in range(8):
        hashes = size // 256**level
        found |= {Tile(level, index) for index in range(hashes // 256)}
        if hashes % 256:
            found.add(Tile(level, hashes // 256, hashes % 256))
    return found


@given(sizes, st.data())
def test_proofs_from_tiles_are_those_from_memory(size: int, data: st.DataObject) -> None:
    hash_at = hash_from_tiles(size, content)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert tree_head(size, hash_at) == tree_head(size, TREE.hash_at)
    assert inclusion_proof(index, size, hash_at) == inclusion_proof(index, size, TREE.hash_at)
    assert consistency_proof(old, size, hash_at) == consistency_proof(old, size, TREE.hash_at)


@given(sizes)
def test_a_proof_reads_only_tiles_that_the_tree_has(size: int) -> None:
    read: list[Tile] = []

    def reading(tile: Tile) -> bytes:
        read.append(tile)
        return content(tile)

    inclusion_proof(size // 2, size, hash_from_tiles(size, reading))
    assert set(read) <= tiles_by_definition(size)


@given(st.integers(0, SIZE))
def test_a_tree_has_the_tiles_of_the_definition(size: int) -> None:
    tiles = list(new_tiles(0, size))
    assert len(tiles) == len(set(tiles))
    assert set(tiles) == tiles_by_definition(size)
    level_0 = [(tile.index, tile.width) for tile in tiles if tile.level == 0]
    assert [(bundle.index, bundle.width) for bundle in new_bundles(0, size)] == level_0


@given(st.integers(0, SIZE), st.integers(0, SIZE))
def test_what_is_new_is_what_was_not_there(one: int, other: int) -> None:
    old, new = sorted((one, other))
    assert set(new_tiles(old, new)) == tiles_by_definition(new) - tiles_by_definition(old)
    before, after = set(new_bundles(0, old)), set(new_bundles(0, new))
    assert set(new_bundles(old, new)) == after - before


@pytest.mark.parametrize(("old", "new"), [(1, 0), (-1, 5), (0, -1), (300, 200), (0, 2**63)])
def test_a_log_does_not_shrink_or_grow_past_63_bits(old: int, new: int) -> None:
    with pytest.raises(TileError, match="does not grow"):
        list(new_tiles(old, new))
    with pytest.raises(TileError, match="does not grow"):
        list(new_bundles(old, new))


@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_a_path_is_read_as_it_was_written(level: int, index: int, width: int) -> None:
    tile, bundle = Tile(level, index, width), Bundle(index, width)
    assert parse_path(tile.path) == tile
    assert parse_path(bundle.path) == bundle


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1234",
        "tile/0/x000/005",
        "tile/0/x001",
        "tile/0/001/005",
        "tile/0/x1/005",
        "tile/00/005",
        "tile/64/005",
        "tile/-1/005",
        "tile/0/-05",
        "tile/0/005.p/0",
        "tile/0/005.p/01",
        "tile/0/005.p/256",
        "tile/0/005.p/257",
        "tile/0/005.p/",
        "tile/0/005.p",
        "tile/0/005/",
        "tile/0/005\n",
        "/tile/0/005",
        "tile/entry/005",
        "tile/0/\u0660\u0660\u0665",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "checkpoint",
    ],
)
def test_a_path_has_one_form(path: str) -> None:
    with pytest.raises(TileError):
        parse_path(path)


@given(st.text(max_size=40) | st.from_regex(r"tile/[0-9x/.p]{0,30}", fullmatch=True))
def test_whatever_is_taken_for_a_path_is_written_the_same(path: str) -> None:
    try:
        found = parse_path(path)
    except TileError:
        return
    assert found.path == path


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**63, 1), (0, 0, 0), (0, 0, 257)],
)
def test_no_tile_has_such_coordinates(level: int, index: int, width: int) -> None:
    with pytest.raises(TileError):
        Tile(level, index, width)


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 300), (8, 1), (9, 0), (60, 0)])
def test_a_tree_of_300_has_no_such_hash(level: int, index: int) -> None:
    with pytest.raises(TileError, match="a tree of 300 leaves has no hash"):
        hash_from_tiles(300, content)(level, index)


@pytest.mark.parametrize("length", [0, 31, 44 * 32 - 1, 45 * 32, 256 * 32])
def test_a_tile_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(TileError, match="a tile of 44 hashes has 1408 bytes"):
        hash_from_tiles(300, lambda _: bytes(length))(0, 299)


def test_a_tile_is_its_hashes_one_after_the_other() -> None:
    assert split_tile(LEAVES[0] + LEAVES[1], 2) == LEAVES[:2]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


def test_a_bundle_is_length_and_bytes() -> None:
    largest = b"x" * MAX_ENTRY
    assert encode_bundle([b"ab", b"", largest]) == b"\0\2ab\0\0\xff\xff" + largest


def test_what_no_bundle_holds_is_refused() -> None:
    for entries in ([], [b""] * 257, [bytes(MAX_ENTRY + 1)]):
        with pytest.raises(TileError):
            encode_bundle(entries)


@pytest.mark.parametrize(
    ("data", "width"),
    [
        (b"", 1),
        (b"\0", 1),
        (b"\0\1", 1),
        (b"\0\2a", 1),
        (b"\0\1a\0", 2),
        (b"\0\1ab", 1),
        (b"\0\0\0\0", 1),
        (b"", 0),
        (b"\0\0" * 257, 257),
    ],
)
def test_a_bundle_has_exactly_its_entries(data: bytes, width: int) -> None:
    with pytest.raises(TileError):
        decode_bundle(data, width)


@given(st.binary(max_size=600), st.integers(-1, 300))
def test_whatever_is_taken_for_a_bundle_is_written_the_same(data: bytes, width: int) -> None:
    try:
        entries = decode_bundle(data, width)
    except TileError:
        return
    assert encode_bundle(entries) == data
