"""Proof files: what the log holds is shown offline, and any other file is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol import keys
from depin_protocol.log.checkpoint import Checkpoint, sign_checkpoint
from depin_protocol.log.cosignature import Quorum, cosign
from depin_protocol.log.errors import (
    CheckpointError,
    LogError,
    NoteSignatureError,
    ProofError,
    ProofFileError,
)
from depin_protocol.log.merkle import inclusion_proof, leaf_hash
from depin_protocol.log.notes import Note, SignatureType, VerifierKey, sign
from depin_protocol.log.proof_file import MAX_PROOF_FILE, ProofFile
from depin_protocol.log.tree import MemoryTree
from tests.protocol.flipped_bits import with_a_bit_flipped

ORIGIN, WITNESS_NAME = "coop.example/log", "w.example"
LOG_SEED, WITNESS_SEED = bytes([1] * 32), bytes([2] * 32)
LOG = VerifierKey(ORIGIN, SignatureType.ED25519, keys.public_key(LOG_SEED))
WITNESS = VerifierKey(WITNESS_NAME, SignatureType.COSIGNATURE, keys.public_key(WITNESS_SEED))
QUORUM = Quorum((WITNESS,), 1)

ENTRIES = [f"entry {number}".encode() for number in range(11)]
TREE = MemoryTree(leaf_hash(entry) for entry in ENTRIES)
CHECKPOINT = Checkpoint(ORIGIN, TREE.head())
SIGNED = sign_checkpoint(CHECKPOINT, LOG_SEED)
COSIGNATURE = cosign(CHECKPOINT, WITNESS_NAME, WITNESS_SEED, 1_790_000_000)
COSIGNED = replace(SIGNED, signatures=(*SIGNED.signatures, COSIGNATURE))


def proof_of(index: int, note: Note = COSIGNED) -> ProofFile:
    return ProofFile(index, inclusion_proof(index, len(ENTRIES), TREE.hash_at), note)


FILE = proof_of(6)


def test_every_entry_is_shown() -> None:
    for index, entry in enumerate(ENTRIES):
        file = ProofFile.parse(proof_of(index).format())
        assert file.verify(entry, LOG, QUORUM) == CHECKPOINT


def test_every_changed_bit_breaks_a_proof_file() -> None:
    for changed in with_a_bit_flipped(FILE.format()):
        with pytest.raises(LogError):
            ProofFile.parse(changed).verify(ENTRIES[6], LOG, QUORUM)


def test_a_proof_shows_its_own_entry_only() -> None:
    for index, entry in enumerate(ENTRIES):
        if index != 6:
            with pytest.raises(ProofError, match="does not lead to the root"):
                FILE.verify(entry, LOG, QUORUM)


def test_the_index_belongs_to_the_proof() -> None:
    with pytest.raises(ProofError):
        replace(FILE, index=7).verify(ENTRIES[6], LOG)


def test_a_proof_without_its_witness_passes_only_where_none_is_needed() -> None:
    file = proof_of(6, SIGNED)
    assert file.verify(ENTRIES[6], LOG) == CHECKPOINT
    with pytest.raises(NoteSignatureError, match="known witnesses: 0, needed: 1"):
        file.verify(ENTRIES[6], LOG, QUORUM)


def test_another_log_and_another_origin_are_refused() -> None:
    other = VerifierKey(ORIGIN, SignatureType.ED25519, WITNESS.public)
    with pytest.raises(NoteSignatureError, match="no key that is known"):
        FILE.verify(ENTRIES[6], other)
    text = replace(CHECKPOINT, origin="elsewhere.example").format()
    file = proof_of(6, Note(text, (sign(text, ORIGIN, LOG_SEED),)))
    with pytest.raises(CheckpointError, match="another origin"):
        file.verify(ENTRIES[6], LOG)


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=500),
)
def test_a_proof_file_is_read_as_it_was_written(
    index: int, proof: list[bytes], extra: bytes
) -> None:
    file = ProofFile(index, tuple(proof), COSIGNED, extra)
    assert ProofFile.parse(file.format()) == file


def test_extra_data_is_carried_and_proves_nothing() -> None:
    file = replace(FILE, extra=b"anything")
    assert file.format().startswith(b"c2sp.org/tlog-proof@v1\nextra YW55dGhpbmc=\nindex 6\n")
    assert file.verify(ENTRIES[6], LOG, QUORUM) == CHECKPOINT


def test_the_only_entry_needs_no_hashes() -> None:
    tree = MemoryTree([leaf_hash(b"alone")])
    note = sign_checkpoint(Checkpoint(ORIGIN, tree.head()), LOG_SEED)
    data = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note.format()
    assert ProofFile.parse(data).verify(b"alone", LOG) == Checkpoint(ORIGIN, tree.head())


NOTE = COSIGNED.format()
ZEROS = b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v2\nindex 0\n\n" + NOTE,
        b" c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 00\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex -1\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex  0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nextra AA==\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 0\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\nextra AA==\n\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + ZEROS.replace(b"=", b"") + b"\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + ZEROS.replace(b"A=", b"B=") + b"\n" + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n \n\n" + NOTE,
        "c2sp.org/tlog-proof@v1\nindex \u0660\n\n".encode() + NOTE,
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + bytes(MAX_PROOF_FILE),
    ],
)
def test_a_malformed_proof_file_is_refused(data: bytes) -> None:
    with pytest.raises(ProofFileError):
        ProofFile.parse(data)


@pytest.mark.parametrize("line", [b"AA==", ZEROS.strip().replace(b"A=", b"AA")])
def test_a_line_that_is_not_a_hash_is_refused(line: bytes) -> None:
    with pytest.raises(ProofError, match="32 bytes"):
        ProofFile.parse(b"c2sp.org/tlog-proof@v1\nindex 0\n" + line + b"\n\n" + NOTE)


@pytest.mark.parametrize("index", [-1, 2**63])
def test_no_entry_has_such_an_index(index: int) -> None:
    with pytest.raises(ProofFileError, match="cannot be"):
        ProofFile(index, (), COSIGNED)


@given(st.data())
def test_hostile_bytes_raise_nothing_but_log_errors(data: st.DataObject) -> None:
    template = FILE.format()
    at = data.draw(st.integers(0, len(template)))
    cut = data.draw(st.integers(0, 60))
    changed = template[:at] + data.draw(st.binary(max_size=60)) + template[at + cut :]
    for hostile in (changed, data.draw(st.binary(max_size=200))):
        try:
            file = ProofFile.parse(hostile)
        except LogError:
            continue
        assert file.format() == hostile
