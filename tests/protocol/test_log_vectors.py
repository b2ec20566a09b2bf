"""Our own vectors for the log, in tests/vectors/log.json; run this file to write them anew."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from depin_protocol import keys
from depin_protocol.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from depin_protocol.log.cosignature import Quorum, cosign
from depin_protocol.log.errors import LogError
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
from depin_protocol.log.notes import Note, Signature, SignatureType, VerifierKey
from depin_protocol.log.proof_file import ProofFile
from depin_protocol.log.tiles import (
    Bundle,
    Tile,
    decode_bundle,
    encode_bundle,
    new_bundles,
    new_tiles,
    parse_path,
)
from depin_protocol.log.tree import MemoryTree
from tests.protocol.own_vectors import as_json, committed, write

type Json = dict[str, Any]


ENTRIES = [f"entry {number}".encode() for number in range(300)]
TREE = MemoryTree(leaf_hash(entry) for entry in ENTRIES)
LEAVES = [TREE.hash_at(0, index) for index in range(len(ENTRIES))]

LOG_SEED, WITNESS_SEED, SECOND_SEED = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
LOG = VerifierKey("coop.example/log/7", SignatureType.ED25519, keys.public_key(LOG_SEED))
WITNESS = VerifierKey(
    "witness.example/w1", SignatureType.COSIGNATURE, keys.public_key(WITNESS_SEED)
)
SECOND = VerifierKey("witness.example/w2", SignatureType.COSIGNATURE, keys.public_key(SECOND_SEED))
TIME = 1_790_000_000

CHECKPOINT = Checkpoint(LOG.name, tree_head(11, TREE.hash_at))
SIGNED = sign_checkpoint(CHECKPOINT, LOG_SEED)
COSIGNED = replace(
    SIGNED,
    signatures=(
        *SIGNED.signatures,
        cosign(CHECKPOINT, WITNESS.name, WITNESS_SEED, TIME),
        Signature("witness.example/other", b"\1\2\3\4", bytes(16)),
    ),
)


def text_of(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def texts_of(items: list[bytes] | tuple[bytes, ...]) -> list[str]:
    return [text_of(item) for item in items]


def bytes_of(texts: list[str]) -> list[bytes]:
    return [b64decode(item) for item in texts]


def generate() -> Json:
    return {
        "about": "Bytes are in standard base64. Entry n of every tree is the ASCII text 'entry n'.",
        "hashes": {
            "empty_root": text_of(EMPTY_ROOT),
            "leaf_0": text_of(LEAVES[0]),
            "leaf_1": text_of(LEAVES[1]),
            "node_of_leaves_0_and_1": text_of(node_hash(LEAVES[0], LEAVES[1])),
        },
        "roots": [
            {"size": size, "root": text_of(tree_head(size, TREE.hash_at).root)}
            for size in [*range(18), 255, 256, 257, 300]
        ],
        "inclusion": [
            inclusion(index, size)
            for index, size in [(0, 1), (0, 2), (1, 2), (2, 3), (6, 11), (10, 11), (255, 300)]
        ],
        "inclusion_refused": refused_inclusions(),
        "consistency": [
            consistency(old, new)
            for old, new in [(1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 8), (8, 11), (255, 300)]
        ],
        "consistency_refused": refused_consistencies(),
        "keys": [
            {"seed": text_of(seed), "name": key.name, "type": key.type, "vkey": key.format()}
            for seed, key in [
                (LOG_SEED, LOG),
                (WITNESS_SEED, WITNESS),
                (SECOND_SEED, SECOND),
            ]
        ],
        "checkpoint": {
            "origin": LOG.name,
            "size": CHECKPOINT.tree.size,
            "root": text_of(CHECKPOINT.tree.root),
            "time": TIME,
            "note": COSIGNED.format().decode(),
        },
        "notes_refused": refused_notes(),
        "proof_file": {
            "entry": "entry 6",
            "file": proof_file().format().decode(),
            "file_with_extra": replace(proof_file(), extra=b"extra").format().decode(),
        },
        "proof_files_refused": refused_proof_files(),
        "tile_paths": [
            {"level": level, "index": index, "width": width, "path": path}
            for level, index, width, path in [
                (0, 5, 256, Tile(0, 5).path),
                (1, 1_234_067, 17, Tile(1, 1_234_067, 17).path),
                (63, 999, 255, Tile(63, 999, 255).path),
                ("entries", 1000, 256, Bundle(1000).path),
                ("entries", 0, 1, Bundle(0, 1).path),
            ]
        ],
        "tile_paths_refused": [
            "tile/0/5",
            "tile/0/x000/005",
            "tile/64/005",
            "tile/01/005",
            "tile/0/005.p/256",
            "tile/0/005.p/0",
            "tile/0/005.p/01",
        ],
        "growth": [
            {
                "old": old,
                "new": new,
                "tiles": [tile.path for tile in new_tiles(old, new)],
                "bundles": [bundle.path for bundle in new_bundles(old, new)],
            }
            for old, new in [(0, 0), (0, 1), (0, 256), (250, 300), (300, 300), (65_530, 65_600)]
        ],
        "bundle": {
            "entries": texts_of([b"ab", b"", b"c" * 300]),
            "bytes": text_of(encode_bundle([b"ab", b"", b"c" * 300])),
        },
        "bundles_refused": [
            {"why": why, "width": width, "bytes": text_of(data)}
            for why, width, data in [
                ("no entries", 0, b""),
                ("ends within a length", 1, b"\0"),
                ("ends within an entry", 1, b"\0\2a"),
                ("goes on after its entries", 1, b"\0\1a\0"),
            ]
        ],
    }


def inclusion(index: int, size: int) -> Json:
    proof = inclusion_proof(index, size, TREE.hash_at)
    root = tree_head(size, TREE.hash_at).root
    return {
        "leaf": text_of(LEAVES[index]),
        "index": index,
        "size": size,
        "root": text_of(root),
        "proof": texts_of(proof),
    }


def refused_inclusions() -> list[Json]:
    good = inclusion(6, 11)
    return [
        {"why": "another index", **good, "index": 7},
        {"why": "the index is not in the tree", **good, "index": 11},
        {"why": "another leaf", **good, "leaf": text_of(LEAVES[7])},
        {"why": "a surplus hash", **good, "proof": [*good["proof"], good["root"]]},
        {"why": "a missing hash", **good, "proof": good["proof"][:-1]},
        {"why": "a hash of 31 bytes", **good, "proof": [text_of(bytes(31)), *good["proof"][1:]]},
        {"why": "a size with a longer path", **good, "size": 17},
    ]


def consistency(old: int, new: int) -> Json:
    return {
        "old_size": old,
        "old_root": text_of(tree_head(old, TREE.hash_at).root),
        "new_size": new,
        "new_root": text_of(tree_head(new, TREE.hash_at).root),
        "proof": texts_of(consistency_proof(old, new, TREE.hash_at)),
    }


def refused_consistencies() -> list[Json]:
    good, same = consistency(3, 7), consistency(1, 1)
    return [
        {"why": "from nothing", **good, "old_size": 0, "old_root": text_of(EMPTY_ROOT)},
        {"why": "a tree that shrinks", **good, "old_size": 7, "new_size": 3},
        {"why": "another old root", **good, "old_root": good["new_root"]},
        {"why": "another new root", **good, "new_root": good["old_root"]},
        {"why": "a surplus hash", **good, "proof": [*good["proof"], good["new_root"]]},
        {"why": "a missing hash", **good, "proof": good["proof"][1:]},
        {"why": "equal sizes and other roots", **same, "new_root": good["new_root"]},
        {"why": "equal sizes and a hash", **same, "proof": [good["new_root"]]},
    ]


def refused_notes() -> list[Json]:
    note = COSIGNED.format().decode()
    text, _, lines = note.partition("\n\n")
    later = replace(CHECKPOINT, tree=TreeHead(12, CHECKPOINT.tree.root)).format()
    root = text_of(CHECKPOINT.tree.root)
    foreign = Checkpoint("coop.example/log/8", CHECKPOINT.tree)
    return [
        {"why": "another size", "note": later + "\n" + lines},
        {"why": "another origin, signed by the same key", "note": signed_as_log(foreign.format())},
        {"why": "no signature of the log", "note": text + "\n\n" + lines.split("\n", 1)[1]},
        {"why": "no signatures", "note": text + "\n\n"},
        {"why": "no empty line", "note": text + "\n" + lines},
        {"why": "no newline at the end", "note": note[:-1]},
        {"why": "a hyphen for the em dash", "note": note.replace("— ", "- ")},
        {"why": "a control character", "note": signed_as_log(CHECKPOINT.format(), "more\t\n")},
        {"why": "a leading zero", "note": signed_as_log(f"{LOG.name}\n011\n{root}\n")},
        {"why": "a size of 64 bits", "note": signed_as_log(f"{LOG.name}\n{2**63}\n{root}\n")},
        {"why": "a root of 3 bytes", "note": signed_as_log(f"{LOG.name}\n11\nAAAA\n")},
        {"why": "an empty line more", "note": signed_as_log(CHECKPOINT.format(), "\n")},
        {"why": "base64 with unused bits", "note": note.replace("AAA=\n", "AAB=\n")},
        {"why": "a cosignature that fails", "note": note.replace(*zeroed_cosignature())},
    ]


def signed_as_log(text: str, more: str = "") -> str:
    """Sign any text at all as the log would."""
    signature = Signature(LOG.name, LOG.key_id, keys.sign(LOG_SEED, (text + more).encode()))
    return text + more + "\n" + signature.format()


def zeroed_cosignature() -> tuple[str, str]:
    line = COSIGNED.signatures[1]
    return line.format(), replace(line, content=line.content[:8] + bytes(64)).format()


def proof_file() -> ProofFile:
    return ProofFile(6, inclusion_proof(6, 11, TREE.hash_at), COSIGNED)


def refused_proof_files() -> list[Json]:
    good = proof_file().format().decode()
    return [
        {"why": "another index", "file": good.replace("index 6", "index 7")},
        {"why": "a leading zero", "file": good.replace("index 6", "index 06")},
        {"why": "another version", "file": good.replace("proof@v1", "proof@v2")},
        {"why": "empty extra data", "file": good.replace("index 6", "extra \nindex 6")},
        {"why": "extra data after the index", "file": good.replace("index 6", "index 6\nextra AA")},
        {"why": "no empty line", "file": good.replace("\n\n", "\n", 1)},
        {"why": "a hash of 3 bytes more", "file": good.replace("index 6", "index 6\nAAAA")},
    ]


@pytest.fixture(scope="module", name="vectors")
def stored() -> Json:
    vectors: Json = committed("log")
    return vectors


def refuses(check: Callable[[Json], object], vector: Json) -> bool:
    try:
        check(vector)
    except LogError:
        return True
    return False


def check_inclusion(v: Json) -> None:
    tree = TreeHead(v["size"], b64decode(v["root"]))
    verify_inclusion(b64decode(v["leaf"]), v["index"], bytes_of(v["proof"]), tree)


def check_consistency(v: Json) -> None:
    old = TreeHead(v["old_size"], b64decode(v["old_root"]))
    new = TreeHead(v["new_size"], b64decode(v["new_root"]))
    verify_consistency(old, new, bytes_of(v["proof"]))


def check_note(v: Json) -> None:
    note = Note.parse(v["note"].encode())
    open_checkpoint(note, LOG)
    # None is needed, so that nothing here is refused for lack of a cosignature.
    Quorum((WITNESS, SECOND), 0).check(note)


def check_proof_file(v: Json) -> None:
    ProofFile.parse(v["file"].encode()).verify(b"entry 6", LOG, Quorum((WITNESS,), 1))


def check_tile_path(v: Json) -> None:
    parse_path(v["path"])


def check_bundle(v: Json) -> None:
    decode_bundle(b64decode(v["bytes"]), v["width"])


def test_the_file_is_what_this_code_makes(vectors: Json) -> None:
    assert vectors == as_json(generate())


def test_what_the_file_says_holds(vectors: Json) -> None:
    for vector in vectors["inclusion"]:
        check_inclusion(vector)
    for vector in vectors["consistency"]:
        check_consistency(vector)
    check_note(vectors["checkpoint"])
    check_note({"note": signed_as_log(CHECKPOINT.format())})
    [seen] = Quorum((WITNESS, SECOND), 1).check(COSIGNED)
    assert (seen.witness, seen.time) == (WITNESS, vectors["checkpoint"]["time"])
    for name in ("file", "file_with_extra"):
        check_proof_file({"file": vectors["proof_file"][name]})
    check_bundle({"bytes": vectors["bundle"]["bytes"], "width": 3})


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("inclusion_refused", check_inclusion),
        ("consistency_refused", check_consistency),
        ("notes_refused", check_note),
        ("proof_files_refused", check_proof_file),
        ("bundles_refused", check_bundle),
    ],
)
def test_what_the_file_calls_refused_is_refused(
    vectors: Json, name: str, check: Callable[[Json], object]
) -> None:
    accepted = [vector["why"] for vector in vectors[name] if not refuses(check, vector)]
    assert accepted == []


def test_the_paths_it_calls_refused_are_refused(vectors: Json) -> None:
    for path in vectors["tile_paths_refused"]:
        assert refuses(check_tile_path, {"path": path})


if __name__ == "__main__":
    write("log", generate())
