"""The proof that a member's line is the one that a settlement's public entry stands for."""

from dataclasses import dataclass

from depin_protocol.log.entries import SALT_LENGTH
from depin_protocol.log.merkle import inclusion_proof, leaf_hash
from depin_protocol.log.tree import MemoryTree
from settlement_node.log.entries import decode_lines


@dataclass(frozen=True, slots=True)
class LineProof:
    """A salted line of an entry, its place, and the path from its leaf to the entry's root."""

    salt: bytes
    line: bytes
    position: int
    count: int
    path: tuple[bytes, ...]


def prove_line(body: bytes, position: int) -> LineProof | None:
    """Prove a line of an entry's body, None if there is none at this place."""
    lines = decode_lines(body)
    if not 0 <= position < len(lines):
        return None
    tree = MemoryTree(map(leaf_hash, lines))
    path = inclusion_proof(position, len(lines), tree.hash_at)
    line = lines[position]
    return LineProof(line[:SALT_LENGTH], line[SALT_LENGTH:], position, len(lines), path)
