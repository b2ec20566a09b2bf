"""Merkle trees against RFC 9162 written out a second time, and proofs with every bit flipped."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.log.errors import ProofError
from depin_protocol.log.merkle import (
    EMPTY_ROOT,
    TreeHead,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_head,
    verify_consistency,
    verify_inclusion,
)
from depin_protocol.log.tree import CompactRange, MemoryTree
from tests.protocol.flipped_bits import with_a_bit_flipped

SMALL = 17
HASH_BITS = 256
SIZE_BITS = 63

ENTRIES = [f"entry {number}".encode() for number in range(600)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = MemoryTree(LEAVES)


def head_of(size: int) -> TreeHead:
    return tree_head(size, TREE.hash_at)


# RFC 9162, sections 2.1.1, 2.1.3.1 and 2.1.4.1, in its own words and recursion.


def mth(entries: list[bytes]) -> bytes:
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = largest_power_below(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = largest_power_below(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: list[bytes], *, whole: bool) -> list[bytes]:
    n = len(entries)
    if m == n:
        return [] if whole else [mth(entries)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, entries[:k], whole=whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], whole=False), mth(entries[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def turns(m: int, n: int) -> str:
    """Name the sides on which the siblings of leaf m lie, from the root down."""
    if n == 1:
        return ""
    k = largest_power_below(n)
    return "R" + turns(m, k) if m < k else "L" + turns(m - k, n - k)


def growth_turns(m: int, n: int, *, whole: bool = True) -> str:
    """Name the sides on which the parts of a consistency proof lie, from the root down."""
    if m == n:
        return "" if whole else "."
    k = largest_power_below(n)
    if m <= k:
        return "R" + growth_turns(m, k, whole=whole)
    return "L" + growth_turns(m - k, n - k, whole=False)


def proofs_with_a_bit_flipped(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    for at, sibling in enumerate(proof):
        for flipped in with_a_bit_flipped(sibling):
            yield (*proof[:at], flipped, *proof[at + 1 :])


def includes(leaf: bytes, index: int, proof: tuple[bytes, ...], tree: TreeHead) -> bool:
    try:
        verify_inclusion(leaf, index, proof, tree)
    except ProofError:
        return False
    return True


def grows(old: TreeHead, new: TreeHead, proof: tuple[bytes, ...]) -> bool:
    try:
        verify_consistency(old, new, proof)
    except ProofError:
        return False
    return True


@st.composite
def leaf_and_size(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, len(ENTRIES)))
    return draw(st.integers(0, size - 1)), size


@st.composite
def two_sizes(draw: st.DrawFn) -> tuple[int, int]:
    new = draw(st.integers(1, len(ENTRIES)))
    return draw(st.integers(1, new)), new


def test_roots_are_those_of_the_rfc() -> None:
    edge = CompactRange()
    assert edge.head() == TreeHead(0, EMPTY_ROOT) == tree_head(0, TREE.hash_at)
    for size in range(1, 70):
        edge.append(LEAVES[size - 1])
        expected = TreeHead(size, mth(ENTRIES[:size]))
        assert edge.head() == expected
        assert MemoryTree(LEAVES[:size]).head() == expected
        assert head_of(size) == expected


@given(leaf_and_size())
def test_inclusion_proofs_are_those_of_the_rfc(case: tuple[int, int]) -> None:
    index, size = case
    proof = inclusion_proof(index, size, TREE.hash_at)
    assert list(proof) == path(index, ENTRIES[:size])
    verify_inclusion(LEAVES[index], index, proof, head_of(size))


@given(two_sizes())
def test_consistency_proofs_are_those_of_the_rfc(case: tuple[int, int]) -> None:
    old, new = case
    proof = consistency_proof(old, new, TREE.hash_at)
    assert list(proof) == subproof(old, ENTRIES[:new], whole=True)
    verify_consistency(head_of(old), head_of(new), proof)


@pytest.mark.parametrize("size", range(1, SMALL))
def test_every_changed_bit_breaks_an_inclusion_proof(size: int) -> None:
    tree = head_of(size)
    for index in range(size):
        leaf = LEAVES[index]
        proof = inclusion_proof(index, size, TREE.hash_at)
        assert includes(leaf, index, proof, tree)
        for changed in proofs_with_a_bit_flipped(proof):
            assert not includes(leaf, index, changed, tree)
        for changed_leaf in with_a_bit_flipped(leaf):
            assert not includes(changed_leaf, index, proof, tree)
        for changed_root in with_a_bit_flipped(tree.root):
            assert not includes(leaf, index, proof, TreeHead(size, changed_root))
        for bit in range(SIZE_BITS):
            assert not includes(leaf, index ^ 1 << bit, proof, tree)


@pytest.mark.parametrize("new", range(1, SMALL))
def test_every_changed_bit_breaks_a_consistency_proof(new: int) -> None:
    tree = head_of(new)
    for old in range(1, new + 1):
        before = head_of(old)
        proof = consistency_proof(old, new, TREE.hash_at)
        assert grows(before, tree, proof)
        for changed in proofs_with_a_bit_flipped(proof):
            assert not grows(before, tree, changed)
        for changed_root in with_a_bit_flipped(before.root):
            assert not grows(TreeHead(old, changed_root), tree, proof)
        for changed_root in with_a_bit_flipped(tree.root):
            assert not grows(before, TreeHead(new, changed_root), proof)


@given(leaf_and_size(), st.data())
def test_a_changed_bit_breaks_an_inclusion_proof_of_a_larger_tree(
    case: tuple[int, int], data: st.DataObject
) -> None:
    index, size = case
    tree = head_of(size)
    proof = inclusion_proof(index, size, TREE.hash_at)
    at = data.draw(st.integers(0, len(proof)))
    bit = 1 << data.draw(st.integers(0, HASH_BITS - 1))
    hashes = [LEAVES[index], *proof]
    hashes[at] = (int.from_bytes(hashes[at]) ^ bit).to_bytes(32)
    assert not includes(hashes[0], index, tuple(hashes[1:]), tree)


@given(two_sizes(), st.data())
def test_a_changed_bit_breaks_a_consistency_proof_of_a_larger_tree(
    case: tuple[int, int], data: st.DataObject
) -> None:
    old, new = head_of(case[0]), head_of(case[1])
    hashes = [old.root, new.root, *consistency_proof(*case, TREE.hash_at)]
    at = data.draw(st.integers(0, len(hashes) - 1))
    bit = 1 << data.draw(st.integers(0, HASH_BITS - 1))
    hashes[at] = (int.from_bytes(hashes[at]) ^ bit).to_bytes(32)
    changed = TreeHead(old.size, hashes[0]), TreeHead(new.size, hashes[1])
    assert not grows(*changed, tuple(hashes[2:]))


@pytest.mark.parametrize("size", range(1, 4 * SMALL))
def test_another_size_passes_only_where_the_path_is_the_same(size: int) -> None:
    # The path is all that a proof can show; the size itself is bound to the root by a signature.
    tree = head_of(size)
    for index in range(size):
        proof = inclusion_proof(index, size, TREE.hash_at)
        for other in (size ^ 1 << bit for bit in range(SIZE_BITS)):
            alike = index < other and turns(index, other) == turns(index, size)
            assert includes(LEAVES[index], index, proof, TreeHead(other, tree.root)) == alike


@pytest.mark.parametrize("new", range(1, 2 * SMALL))
def test_another_old_or_new_size_passes_only_where_the_path_is_the_same(new: int) -> None:
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, TREE.hash_at)
        before, after = head_of(old), head_of(new)
        flipped = [(old ^ 1 << bit, new) for bit in range(SIZE_BITS)]
        flipped += [(old, new ^ 1 << bit) for bit in range(SIZE_BITS)]
        for m, n in flipped:
            alike = 0 < m <= n and growth_turns(m, n) == growth_turns(old, new)
            assert grows(TreeHead(m, before.root), TreeHead(n, after.root), proof) == alike


@given(two_sizes(), st.data())
def test_proofs_longer_or_shorter_fail(case: tuple[int, int], data: st.DataObject) -> None:
    old, new = case
    proof = consistency_proof(old, new, TREE.hash_at)
    path_proof = inclusion_proof(old - 1, new, TREE.hash_at)
    surplus = data.draw(st.sampled_from([b"", LEAVES[0], head_of(old).root, head_of(new).root]))
    for extended in ((surplus, *proof), (*proof, surplus)):
        assert not grows(head_of(old), head_of(new), extended)
    for extended in ((surplus, *path_proof), (*path_proof, surplus)):
        assert not includes(LEAVES[old - 1], old - 1, extended, head_of(new))
    if path_proof:
        assert not includes(LEAVES[old - 1], old - 1, path_proof[1:], head_of(new))
    if proof:
        assert not grows(head_of(old), head_of(new), proof[:-1])


@given(
    st.binary(max_size=40),
    st.integers(),
    st.lists(st.binary(max_size=40), max_size=70),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_nothing_hostile_gets_past_or_raises_otherwise(
    leaf: bytes, index: int, hashes: list[bytes], size: int, root: bytes
) -> None:
    tree = TreeHead(size, root)
    assert not includes(leaf, index, tuple(hashes), tree)
    assert not grows(TreeHead(max(0, size - 1), root), tree, tuple(hashes))


def test_two_hashes_are_not_divided_elsewhere() -> None:
    verify_inclusion(LEAVES[0], 0, (LEAVES[1],), head_of(2))
    # The same 64 bytes under the node's hash, as 31 and 33; and either of them alone.
    short, long = LEAVES[0][:-1], LEAVES[0][-1:] + LEAVES[1]
    for leaf, sibling in ((short, long), (short, LEAVES[1]), (LEAVES[0], long)):
        with pytest.raises(ProofError, match="32 bytes"):
            verify_inclusion(leaf, 0, (sibling,), head_of(2))
    seed, *siblings = consistency_proof(3, 4, TREE.hash_at)
    with pytest.raises(ProofError, match="32 bytes"):
        verify_consistency(head_of(3), head_of(4), (seed[:-1], *siblings))


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    assert grows(head_of(5), head_of(5), ())
    assert not grows(head_of(5), head_of(5), (LEAVES[0],))
    assert not grows(TreeHead(5, LEAVES[0]), head_of(5), ())


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_nothing_is_proven_from_no_leaves_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ProofError, match=f"no proof leads from {old} leaves to {new}"):
        consistency_proof(old, new, TREE.hash_at)


def test_an_empty_old_tree_is_not_for_the_verifier() -> None:
    with pytest.raises(ProofError, match="no proof leads from 0 leaves to 5"):
        verify_consistency(TreeHead(0, EMPTY_ROOT), head_of(5), ())


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (2**64, 5)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ProofError, match="has no leaf"):
        inclusion_proof(index, size, TREE.hash_at)


@pytest.mark.parametrize("size", [-1, 2**63])
def test_a_tree_head_has_a_possible_size(size: int) -> None:
    with pytest.raises(ProofError, match="a tree cannot have"):
        TreeHead(size, EMPTY_ROOT)


@pytest.mark.parametrize("root", [b"", bytes(31), bytes(33)])
def test_a_tree_head_has_a_root_of_32_bytes(root: bytes) -> None:
    with pytest.raises(ProofError, match="32 bytes"):
        TreeHead(1, root)


@given(st.integers(0, len(LEAVES)), st.integers(0, 40))
def test_a_compact_range_goes_on_from_its_edge(size: int, more: int) -> None:
    before = CompactRange()
    for leaf in LEAVES[:size]:
        before.append(leaf)
    resumed = CompactRange(before.size, before.peaks)
    for leaf in LEAVES[:more]:
        resumed.append(leaf)
    assert resumed.head() == MemoryTree(LEAVES[:size] + LEAVES[:more]).head()


def test_a_compact_range_tells_which_subtrees_a_leaf_completes() -> None:
    edge = CompactRange()
    lengths = [len(edge.append(leaf)) for leaf in LEAVES[:8]]
    assert lengths == [1, 2, 1, 3, 1, 2, 1, 4]
    assert CompactRange(1, LEAVES[:1]).append(LEAVES[1]) == [
        LEAVES[1],
        node_hash(LEAVES[0], LEAVES[1]),
    ]


@pytest.mark.parametrize(
    ("size", "peaks"), [(-1, [bytes(32)]), (3, [bytes(32)]), (0, [bytes(32)]), (1, [bytes(31)])]
)
def test_a_compact_range_refuses_an_edge_that_no_tree_has(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ProofError):
        CompactRange(size, peaks)


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_only_hashes_are_leaves(leaf: bytes) -> None:
    with pytest.raises(ProofError, match="32 bytes"):
        CompactRange().append(leaf)


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 3), (1, 1), (2, 0)])
def test_a_tree_of_three_has_no_other_hashes(level: int, index: int) -> None:
    tree = MemoryTree(LEAVES[:3])
    with pytest.raises(ProofError, match="has no hash"):
        tree.hash_at(level, index)
