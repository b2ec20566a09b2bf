"""Receipts: the node's signed promise that a statement is stored, and when the log has it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps
from typing import Final, Self

from .encoding import EncodingError, decode_json, from_text, to_text
from .identifiers import HASH_LENGTH
from .keys import SIGNATURE_LENGTH, sign, verify
from .log.errors import ProofError
from .log.merkle import TreeHead, head_from_path, leaf_hash, node_hash
from .statements.fields import HASH, SIGNATURE, BodyError, Fields, hash_text

MAX_GROUP: Final = 2**20
"""Most statements under one signature."""

MAX_RECEIPT: Final = 4096

_MAX_PATH: Final = 20
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,255}")


class ReceiptError(ValueError):
    """The receipt is malformed, or does not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One statement's place in a group, and the signature over the group."""

    origin: str
    due: int
    statement: str
    index: int
    size: int
    path: tuple[str, ...]
    signature: bytes

    def verify(self, node_key: bytes) -> None:
        """Refuse a receipt that the node's key did not sign for this statement."""
        leaf = leaf_hash(from_text(self.statement, HASH_LENGTH))
        path = [from_text(part, HASH_LENGTH) for part in self.path]
        try:
            head = head_from_path(leaf, self.index, self.size, path)
        except ProofError as error:
            raise ReceiptError(str(error)) from None
        if not verify(node_key, _message(self.origin, self.due, head), self.signature):
            msg = "the node's key did not sign this receipt"
            raise ReceiptError(msg)

    def written(self) -> bytes:
        """Write the receipt as JSON."""
        # Only the origin can hold what JSON escapes.
        path = ",".join([f'"{part}"' for part in self.path])
        text = (
            f'{{"origin":{dumps(self.origin)},"due":{self.due},"statement":"{self.statement}",'
            f'"index":{self.index},"size":{self.size},"path":[{path}],'
            f'"signature":"{to_text(self.signature)}"}}'
        )
        return text.encode("ascii")

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a receipt; whether it holds is `verify`'s to say."""
        if len(data) > MAX_RECEIPT:
            msg = f"a receipt of {len(data)} bytes, where at most {MAX_RECEIPT} are allowed"
            raise ReceiptError(msg)
        try:
            fields = Fields(decode_json(data), "receipt")
            receipt = cls(
                origin=fields.text("origin", _ORIGIN),
                due=fields.time("due"),
                statement=fields.text("statement", HASH),
                index=fields.integer("index", 0, MAX_GROUP - 1),
                size=fields.integer("size", 1, MAX_GROUP),
                path=fields.array("path", _MAX_PATH, hash_text),
                signature=from_text(fields.text("signature", SIGNATURE), SIGNATURE_LENGTH),
            )
            fields.finish()
        except (BodyError, EncodingError) as error:
            raise ReceiptError(str(error)) from None
        return receipt


def sign_receipts(origin: str, due: int, statements: Sequence[str], seed: bytes) -> list[Receipt]:
    """Sign one promise for a group of statements, named by their hashes."""
    if not 1 <= len(statements) <= MAX_GROUP or not _ORIGIN.fullmatch(origin):
        msg = f"a group has 1 to {MAX_GROUP} statements, and its log a name without blank or plus"
        raise ReceiptError(msg)
    levels = _levels([leaf_hash(from_text(hash_, HASH_LENGTH)) for hash_ in statements])
    head = TreeHead(len(statements), levels[-1][0])
    signature = sign(seed, _message(origin, due, head))
    # Each hash stands in many paths, and is written once.
    written = [[to_text(hash_) for hash_ in level] for level in levels[:-1]]
    return [
        Receipt(origin, due, statement, index, head.size, _path(index, written), signature)
        for index, statement in enumerate(statements)
    ]


def group_holds(
    origin: str, due: int, statements: Sequence[str], signature: bytes, node_key: bytes
) -> bool:
    """Tell whether the node's key signed one promise for just these statements."""
    root = _levels([leaf_hash(from_text(hash_, HASH_LENGTH)) for hash_ in statements])[-1][0]
    return verify(node_key, _message(origin, due, TreeHead(len(statements), root)), signature)


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Return the tree's hashes from the leaves up; who has no sibling goes up as it is."""
    levels = [leaves]
    while len(level := levels[-1]) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [node_hash(left, right) for left, right in pairs]
        levels.append(above + level[2 * len(above) :])
    return levels


def _path(index: int, levels: list[list[str]]) -> tuple[str, ...]:
    """Pick the siblings on the way from a leaf to the root."""
    return tuple(
        level[sibling]
        for height, level in enumerate(levels)
        if (sibling := index >> height ^ 1) < len(level)
    )


def _message(origin: str, due: int, head: TreeHead) -> bytes:
    name = origin.encode("ascii")
    return b"".join(
        (
            b"depin receipts v1\x00",
            len(name).to_bytes(1),
            name,
            due.to_bytes(8),
            head.size.to_bytes(8),
            head.root,
        )
    )
