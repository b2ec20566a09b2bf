"""The proof that a line is one of those that a decision's public entry stands for."""

from depin_protocol.checking.shown import ShownLine
from depin_protocol.log.entries import SALT_LENGTH
from depin_protocol.log.merkle import inclusion_proof, leaf_hash
from depin_protocol.log.tree import MemoryTree
from settlement_node.log.entries import decode_lines


def show_line(body: bytes, position: int) -> dict[str, object] | None:
    """Show a line of an entry's body, its place, and the path from its leaf to the entry's root."""
    lines = decode_lines(body)
    if not 0 <= position < len(lines):
        return None
    tree = MemoryTree(map(leaf_hash, lines))
    path = inclusion_proof(position, len(lines), tree.hash_at)
    line = lines[position]
    shown = ShownLine(line[:SALT_LENGTH], line[SALT_LENGTH:], position, path)
    return shown.to_json() | {"count": len(lines)}
