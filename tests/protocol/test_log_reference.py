"""The published vectors of the transparency-log formats, all of those that are in our scope."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from depin_protocol.log.checkpoint import Checkpoint, open_checkpoint
from depin_protocol.log.cosignature import Cosignature, Quorum
from depin_protocol.log.errors import (
    CheckpointError,
    LogError,
    NoteError,
    NoteSignatureError,
    ProofError,
    VerifierKeyError,
)
from depin_protocol.log.merkle import (
    EMPTY_ROOT,
    TreeHead,
    leaf_hash,
    node_hash,
    tree_head,
    verify_consistency,
    verify_inclusion,
)
from depin_protocol.log.notes import (
    Note,
    Signature,
    SignatureType,
    VerifierKey,
    parse_signatures,
    verify,
)
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.log.tiles import Bundle, Tile, new_tiles, parse_path
from depin_protocol.log.tree import MemoryTree

pytestmark = pytest.mark.reference

type Vector = dict[str, Any]

# Its roots are 12 bytes of text: "valid" there only since that verifier never looks at them.
NO_HASH_AS_ROOT = "testdata/consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"


@pytest.fixture
def vectors(reference: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((reference / "tlog_vectors.json").read_text("utf-8"))
    return loaded


def holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except ProofError:
        return False
    return True


def hashes(encoded: list[str] | None) -> list[bytes]:
    return [b64decode(item) for item in encoded or []]


def test_hashes(vectors: dict[str, Any]) -> None:
    assert len(vectors["hashes"]) == 6
    for vector in vectors["hashes"]:
        parts = {name: bytes.fromhex(vector[name]) for name in vector if name.endswith("_hex")}
        expected = parts.pop("out_hex")
        match parts:
            case {"leaf_hex": leaf}:
                assert leaf_hash(leaf) == expected
            case {"left_hex": left, "right_hex": right}:
                assert node_hash(left, right) == expected
            case _:
                assert (vector["what"], EMPTY_ROOT) == ("empty tree root", expected)


def test_tree_roots(vectors: dict[str, Any]) -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in vectors["tree_roots"]["leaves_hex"]]
    roots = vectors["tree_roots"]["roots_hex_of_first_n"]
    assert len(leaves) == len(roots) == 8
    whole = MemoryTree(leaves)
    for size, root in enumerate(roots, start=1):
        assert MemoryTree(leaves[:size]).head().root.hex() == root
        assert tree_head(size, whole.hash_at).root.hex() == root


def check_inclusion(vector: Vector) -> None:
    tree = TreeHead(vector["treeSize"], b64decode(vector["root"] or ""))
    leaf = b64decode(vector["leafHash"] or "")
    verify_inclusion(leaf, vector["leafIdx"], hashes(vector["proof"]), tree)


def test_inclusion(vectors: dict[str, Any]) -> None:
    assert len(vectors["inclusion"]) == 98
    outcomes = {v["file"]: holds(partial(check_inclusion, v)) for v in vectors["inclusion"]}
    assert outcomes == {v["file"]: not v["wantErr"] for v in vectors["inclusion"]}
    assert sum(outcomes.values()) == 6


def check_consistency(vector: Vector) -> None:
    old = TreeHead(vector["size1"], b64decode(vector["root1"] or ""))
    new = TreeHead(vector["size2"], b64decode(vector["root2"] or ""))
    verify_consistency(old, new, hashes(vector["proof"]))


def test_consistency(vectors: dict[str, Any]) -> None:
    assert len(vectors["consistency"]) == 98
    outcomes = {v["file"]: holds(partial(check_consistency, v)) for v in vectors["consistency"]}
    expected = {v["file"]: not v["wantErr"] for v in vectors["consistency"]}
    assert outcomes == expected | {NO_HASH_AS_ROOT: False}
    assert sum(outcomes.values()) == 5
    [vector] = [v for v in vectors["consistency"] if v["file"] == NO_HASH_AS_ROOT]
    root = TreeHead(vector["size1"], sha256(b64decode(vector["root1"])).digest())
    verify_consistency(root, replace(root, size=vector["size2"]), hashes(vector["proof"]))


def test_tile_paths(vectors: dict[str, Any]) -> None:
    assert len(vectors["tile_paths"]) == 10
    for vector in vectors["tile_paths"]:
        level, index, width = vector["level"], vector["index"], vector["width"]
        found = Bundle(index, width) if level == "entries" else Tile(level, index, width)
        assert found.path == vector["path"]
        assert parse_path(vector["path"]) == found


def test_tile_shapes(vectors: dict[str, Any]) -> None:
    assert len(vectors["tile_shapes"]) == 2
    for vector in vectors["tile_shapes"]:
        tiles = list(new_tiles(0, vector["size"]))
        full = [tile.level for tile in tiles if tile.width == 256]
        assert {str(level): full.count(level) for level in full} == vector["full"]
        partial_tiles = {str(tile.level): tile.width for tile in tiles if tile.width < 256}
        assert partial_tiles == vector["partial"]


def test_signed_notes(vectors: dict[str, Any]) -> None:
    assert len(vectors["signed_notes"]) == 10
    assert sum(vector["valid"] for vector in vectors["signed_notes"]) == 4
    for vector in vectors["signed_notes"]:
        known = [VerifierKey.parse(vkey) for vkey in vector["vkeys"]]
        data = vector["note"].encode()
        if vector["valid"]:
            note = Note.parse(data)
            assert len(verify(note, known)) == vector.get("valid_signatures", 1)
            assert note.format() == data
        else:
            with pytest.raises(LogError):
                verify(Note.parse(data), known)


def test_bad_vkeys(vectors: dict[str, Any]) -> None:
    assert len(vectors["bad_vkeys"]) == 3
    for vector in vectors["bad_vkeys"]:
        with pytest.raises(VerifierKeyError):
            VerifierKey.parse(vector["vkey"])


def test_checkpoints(vectors: dict[str, Any]) -> None:
    assert len(vectors["checkpoints"]) == 3
    for vector in vectors["checkpoints"]:
        note = Note.parse(vector["note"].encode())
        known = [VerifierKey.parse(vkey) for vkey in vector["vkeys"]]
        assert len(verify(note, known)) == vector["valid_signatures"]
        checkpoint = Checkpoint.parse(note.text)
        expected = TreeHead(vector["size"], b64decode(vector["root"]))
        assert checkpoint == Checkpoint(vector["origin"], expected)
        assert checkpoint.format() == note.text


def test_bad_checkpoints(vectors: dict[str, Any]) -> None:
    assert len(vectors["checkpoint_bad_bodies"]) == 9
    for vector in vectors["checkpoint_bad_bodies"]:
        with pytest.raises(CheckpointError):
            Checkpoint.parse(vector["text"])


def test_cosignatures(vectors: dict[str, Any]) -> None:
    assert len(vectors["cosignatures"]) == 2
    post_quantum = 0
    for vector in vectors["cosignatures"]:
        note = Note.parse(vector["checkpoint"].encode())
        open_checkpoint(note, VerifierKey.parse(vector["log_vkey"]))
        lines = parse_signatures(vector["signature_lines"].encode())
        witness = VerifierKey.parse(vector["witness_vkeys"][0])
        assert witness.type is SignatureType.COSIGNATURE
        cosigned = replace(note, signatures=note.signatures + lines)
        time = int.from_bytes(lines[0].content[:8])
        quorum = Quorum((witness,), 1)
        assert quorum.check(cosigned) == (Cosignature(witness, time),)
        other_text = replace(cosigned, text=note.text.replace("70000", "70001"))
        with pytest.raises(NoteSignatureError):
            quorum.check(other_text)
        for vkey in vector["witness_vkeys"][1:]:
            post_quantum += 1
            with pytest.raises(VerifierKeyError, match="type 0x06 are not understood"):
                VerifierKey.parse(vkey)
    assert post_quantum == 1


def test_cosignature_timestamps(vectors: dict[str, Any]) -> None:
    assert len(vectors["cosignature_timestamps"]) == 1
    for vector in vectors["cosignature_timestamps"]:
        line = Signature.parse(f"— witness.example {vector['signature']}")
        assert int.from_bytes(line.content[:8]) == vector["unix"]


def test_tlog_proofs(vectors: dict[str, Any]) -> None:
    assert len(vectors["tlog_proofs"]) == 4
    for vector in vectors["tlog_proofs"]:
        log = VerifierKey.parse(vector["log_vkey"])
        entry = b64decode(vector["entry"])
        file = ProofFile.parse(vector["proof"].encode())
        assert file.verify(entry, log).tree.size == 70000
        assert file.format() == vector["proof"].encode()
        with pytest.raises(ProofError):
            file.verify(entry + b" ", log)


def read_witness_request(body: str) -> tuple[int, list[bytes], bytes]:
    head, _, note = body.partition("\n\n")
    old, *proof = head.split("\n")
    return int(old.removeprefix("old ")), hashes(proof), note.encode()


def test_a_log_of_70000_entries_grows(vectors: dict[str, Any]) -> None:
    log = VerifierKey.parse(vectors["witness_requests_demo_log"]["log_vkey"])
    requests = vectors["witness_requests_demo_log"]["in_order"]
    assert len(requests) == 6
    latest = TreeHead(0, EMPTY_ROOT)
    for request in requests:
        old, proof, note = read_witness_request(request["body"])
        assert old == latest.size
        tree = open_checkpoint(Note.parse(note), log).tree
        if old:
            verify_consistency(latest, tree, proof)
        latest = tree
    assert latest.size == 70000


def test_what_a_witness_answers(vectors: dict[str, Any]) -> None:
    exchanges = vectors["witness_exchanges"]
    log = VerifierKey.parse(exchanges["log_vkey_for_litewitness.txt"])
    in_order = exchanges["litewitness.txt (in order, one fresh witness)"]
    assert [exchange["status"] for exchange in in_order] == [
        *(200, 403, 403, 422, 422, 200, 409, 200, 409)
    ]
    latest = TreeHead(0, EMPTY_ROOT)
    refused = []
    for exchange in in_order:
        old, proof, note = read_witness_request(exchange["body"])
        if exchange["status"] == 403:
            with pytest.raises(LogError) as refusal:
                open_checkpoint(Note.parse(note), log)
            refused.append(refusal.type)
            continue
        tree = open_checkpoint(Note.parse(note), log).tree
        if exchange["status"] == 422:
            with pytest.raises(ProofError):
                verify_consistency(latest, tree, proof)
        elif exchange["status"] == 409:
            assert old != latest.size
        else:
            if old:
                verify_consistency(latest, tree, proof)
            latest = tree
    assert latest.size == 5
    # The changed signature of the first is also not the one base64 of its bytes.
    assert refused == [NoteError, NoteSignatureError]
