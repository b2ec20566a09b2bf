"""Checks that the log holds a statement, under a checkpoint that the log signed."""

import re
from typing import Final

from .node import MemberNode, UnprovenWordError
from .outbox import Place
from .protocol.log.checkpoint import open_checkpoint
from .protocol.log.errors import LogError
from .protocol.log.notes import VerifierKey
from .protocol.log.proof_file import ProofFile
from .protocol.log.tiles import WIDTH, Bundle, decode_bundle

_ENTRY: Final = re.compile(
    rb'\{"at":[1-9][0-9]{0,14},"statement":"(?P<kind>[a-z0-9_]+)","hash":"(?P<hash>[^"]{43})"\}'
)


async def fetch_proof(node: MemberNode, place: Place, log: VerifierKey) -> bytes:
    """Ask for a statement's proof, and refuse one that does not lead from it to the log's key."""
    written = await node.proof(place.stream, place.head)
    try:
        proof = ProofFile.parse(written)
        size = open_checkpoint(proof.checkpoint, log).tree.size
        first = proof.index - proof.index % WIDTH
        bundle = Bundle(first // WIDTH, max(1, min(WIDTH, size - first)))
        entries = decode_bundle(await node.node.public_file(bundle.path), bundle.width)
        entry = entries[min(proof.index - first, bundle.width - 1)]
        proof.verify(entry, log)
    except LogError as error:
        raise UnprovenWordError(f"the proof of a statement does not hold: {error}") from error
    found = _ENTRY.fullmatch(entry)
    if found is None or (found["kind"], found["hash"]) != (
        place.kind.encode(),
        place.head.hash.encode(),
    ):
        raise UnprovenWordError("the proof of a statement leads to another entry of the log")
    return written
