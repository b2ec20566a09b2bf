"""Merkle trees over SHA-256 as in RFC 9162, section 2.1: hashes, and proofs made and checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from .errors import ProofError
from .text import MAX_NUMBER

HASH_LENGTH: Final = 32

EMPTY_ROOT: Final = sha256().digest()

type HashAt = Callable[[int, int], bytes]
"""Gives the hash over the leaves from `index * 2**level` up to `(index + 1) * 2**level`."""

type _Leaves = tuple[int, int]


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above them."""
    return sha256(b"\x01" + left + right).digest()


def check_hash(candidate: bytes) -> None:
    """Refuse what cannot be a hash."""
    if len(candidate) != HASH_LENGTH:
        msg = f"a hash has {HASH_LENGTH} bytes, not {len(candidate)}"
        raise ProofError(msg)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A tree's size and root: a proof holds against both or not at all."""

    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what no tree has."""
        if not 0 <= self.size <= MAX_NUMBER:
            msg = f"a tree cannot have {self.size} leaves"
            raise ProofError(msg)
        check_hash(self.root)


def tree_head(size: int, hash_at: HashAt) -> TreeHead:
    """Find the head that the tree had at this size."""
    return TreeHead(size, _subtree_hash((0, size), hash_at) if size else EMPTY_ROOT)


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> tuple[bytes, ...]:
    """Prove that the tree of this size has this leaf: the siblings from the leaf up."""
    return tuple(_subtree_hash(sibling, hash_at) for sibling in _siblings(index, size))


def verify_inclusion(leaf: bytes, index: int, proof: Sequence[bytes], tree: TreeHead) -> None:
    """Refuse a proof that does not show this leaf hash at this index of this tree."""
    if head_from_path(leaf, index, tree.size, proof) != tree:
        msg = f"the proof of leaf {index} does not lead to the root of {tree.size} leaves"
        raise ProofError(msg)


def head_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> TreeHead:
    """Follow an inclusion proof to the one head that it proves this leaf hash under."""
    siblings = _siblings(index, size)
    _check_hashes(path, len(siblings))
    check_hash(leaf)
    root = leaf
    for (start, _), sibling in zip(siblings, path, strict=True):
        root = node_hash(sibling, root) if start < index else node_hash(root, sibling)
    return TreeHead(size, root)


def consistency_proof(old: int, new: int, hash_at: HashAt) -> tuple[bytes, ...]:
    """Prove that the tree of `old` leaves is the beginning of the one of `new` leaves."""
    seed, *siblings = _seed_and_siblings(old, new)
    # Where the old tree is itself a node of the new one, the verifier knows that hash.
    proven = siblings if seed[0] == 0 else [seed, *siblings]
    return tuple(_subtree_hash(leaves, hash_at) for leaves in proven)


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Refuse a proof that does not show the old tree as the beginning of the new one."""
    seed, *siblings = _seed_and_siblings(old.size, new.size)
    if seed[0] == 0:
        _check_hashes(proof, len(siblings))
        hashes = [old.root, *proof]
    else:
        _check_hashes(proof, len(siblings) + 1)
        hashes = list(proof)
    old_root = new_root = hashes[0]
    for (start, _), sibling in zip(siblings, hashes[1:], strict=True):
        if start < old.size:
            old_root = node_hash(sibling, old_root)
            new_root = node_hash(sibling, new_root)
        else:
            new_root = node_hash(new_root, sibling)
    if old_root != old.root:
        msg = f"the proof does not lead to the old root of {old.size} leaves"
        raise ProofError(msg)
    if new_root != new.root:
        msg = f"the proof does not lead to the new root of {new.size} leaves"
        raise ProofError(msg)


def _split(start: int, end: int) -> int:
    """Divide two or more leaves after the largest power of two that is less than their number."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _siblings(index: int, size: int) -> list[_Leaves]:
    """List the leaves under each sibling on the way from a leaf to the root."""
    if not 0 <= index < size:
        msg = f"a tree of {size} leaves has no leaf {index}"
        raise ProofError(msg)
    start, end = 0, size
    siblings = []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    siblings.reverse()
    return siblings


def _seed_and_siblings(old: int, new: int) -> list[_Leaves]:
    """List the last leaves of the old tree that are one node of both, then what lies beside it."""
    if not 0 < old <= new:
        msg = f"no proof leads from {old} leaves to {new}"
        raise ProofError(msg)
    start, end = 0, new
    siblings = []
    while old < end:
        middle = _split(start, end)
        if old <= middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    siblings.append((start, end))
    siblings.reverse()
    return siblings


def _subtree_hash(leaves: _Leaves, hash_at: HashAt) -> bytes:
    """Hash a subtree, complete or not, from the complete ones that it consists of."""
    start, end = leaves
    level = _lowest_bit(end - start)
    end -= 1 << level
    root = hash_at(level, end >> level)
    while start < end:
        level = _lowest_bit(end - start)
        end -= 1 << level
        root = node_hash(hash_at(level, end >> level), root)
    return root


def _lowest_bit(number: int) -> int:
    """Find the position of the lowest set bit."""
    return (number & -number).bit_length() - 1


def _check_hashes(hashes: Sequence[bytes], count: int) -> None:
    """Refuse a list that is longer or shorter than it must be, or holds anything but hashes."""
    if len(hashes) != count:
        msg = f"the proof must have {count} hashes, not {len(hashes)}"
        raise ProofError(msg)
    for candidate in hashes:
        check_hash(candidate)
