"""Signed notes, checkpoints and cosignatures: written, read back, and everything else refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol import keys
from depin_protocol.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from depin_protocol.log.cosignature import NO_WITNESSES, Cosignature, Quorum, cosign
from depin_protocol.log.errors import (
    CheckpointError,
    LogError,
    NoteError,
    NoteSignatureError,
    VerifierKeyError,
)
from depin_protocol.log.merkle import TreeHead, leaf_hash
from depin_protocol.log.notes import (
    MAX_NOTE,
    Note,
    Signature,
    SignatureType,
    VerifierKey,
    parse_signatures,
    sign,
    verify,
)
from tests.protocol.flipped_bits import with_a_bit_flipped

ORIGIN = "coop.example/log"
LOG_SEED, OTHER_SEED, WITNESS_SEEDS = bytes([1] * 32), bytes([2] * 32), (bytes([3] * 32), b"4" * 32)
LOG = VerifierKey(ORIGIN, SignatureType.ED25519, keys.public_key(LOG_SEED))
OTHER = VerifierKey("other.example", SignatureType.ED25519, keys.public_key(OTHER_SEED))
WITNESSES = tuple(
    VerifierKey(f"w{number}.example", SignatureType.COSIGNATURE, keys.public_key(seed))
    for number, seed in enumerate(WITNESS_SEEDS)
)
TIME = 1_790_000_000
CHECKPOINT = Checkpoint(ORIGIN, TreeHead(5, leaf_hash(b"root")))
LOG_NOTE = sign_checkpoint(CHECKPOINT, LOG_SEED)
COSIGNED = replace(
    LOG_NOTE,
    signatures=LOG_NOTE.signatures
    + tuple(
        cosign(CHECKPOINT, witness.name, seed, TIME)
        for witness, seed in zip(WITNESSES, WITNESS_SEEDS, strict=True)
    ),
)
BOTH = Quorum(WITNESSES, 2)

KEY_LINE = f"— {ORIGIN} AAAAAAE=\n"
IDS = st.binary(min_size=4, max_size=4)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1).filter(
    lambda name: "+" not in name
)
LINES = st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1)
TEXTS = st.text(st.characters(codec="utf-8", min_codepoint=0x20) | st.just("\n")).map(
    lambda text: text + "\n"
)
SIGNATURES = st.builds(Signature, NAMES, IDS, st.binary(min_size=1, max_size=3000))


def with_text(text: str) -> bytes:
    return (text + "\n" + KEY_LINE).encode()


@given(TEXTS, st.lists(SIGNATURES, min_size=1, max_size=16))
def test_a_note_is_read_as_it_was_written(text: str, signatures: list[Signature]) -> None:
    note = Note(text, tuple(signatures))
    assert Note.parse(note.format()) == note
    lines = "".join(signature.format() for signature in signatures).encode()
    assert parse_signatures(lines) == note.signatures


@given(TEXTS, NAMES, st.binary(min_size=32, max_size=32))
def test_what_is_signed_verifies(text: str, name: str, seed: bytes) -> None:
    note = Note(text, (sign(text, name, seed),))
    key = VerifierKey(name, SignatureType.ED25519, keys.public_key(seed))
    assert verify(Note.parse(note.format()), [key]) == (key,)
    assert VerifierKey.parse(key.format()) == key


def test_every_changed_bit_breaks_a_note_that_all_have_signed() -> None:
    data = COSIGNED.format()
    assert open_checkpoint(Note.parse(data), LOG) == CHECKPOINT
    assert [found.witness for found in BOTH.check(Note.parse(data))] == list(WITNESSES)
    for changed in with_a_bit_flipped(data):
        with pytest.raises(LogError):
            open_and_check(changed)


def open_and_check(data: bytes) -> None:
    note = Note.parse(data)
    open_checkpoint(note, LOG)
    BOTH.check(note)


def test_every_changed_bit_breaks_a_vkey() -> None:
    text = LOG.format().encode()
    for changed in with_a_bit_flipped(text):
        with pytest.raises((VerifierKeyError, UnicodeDecodeError)):
            VerifierKey.parse(changed.decode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"text\n\n",
        b"text\n\n\n",
        KEY_LINE.encode(),
        with_text("text\n")[:-1],
        with_text("text\n") + b"\n",
        with_text("text\n") + b"more\n",
        with_text("text"),
        with_text("text\r\n"),
        with_text("te\txt\n"),
        with_text("te\0xt\n"),
        with_text("text\n").replace("—".encode(), b"-"),
        with_text("text\n").replace("—".encode(), b"\xe2\x80"),
        with_text("text\n").replace(b" ", b"  "),
        with_text("text\n").replace(b" AAAAAAE=", b""),
        with_text("text\n").replace(b"AAAAAAE=", b""),
        with_text("text\n").replace(b"AAAAAAE=", b"AAAAAA=="),
        with_text("text\n").replace(b"AAAAAAE=", b"AAAAAAE"),
        with_text("text\n").replace(b"AAAAAAE=", b"AAAAAAF="),
        with_text("text\n").replace(b"AAAAAAE=", b"AAAAAAE= "),
        with_text("text\n").replace(b"AAAAAAE=", b"AAAAAAE_"),
        with_text("text\n").replace(b"AAAAAAE=", "AAAAAA\u0665=".encode()),
        with_text("text\n").replace(ORIGIN.encode(), b""),
        with_text("text\n").replace(ORIGIN.encode(), b"a+b"),
        with_text("text\n").replace(ORIGIN.encode(), "a\u00a0b".encode()),
        with_text("text\n").replace(ORIGIN.encode(), "a\u3000b".encode()),
    ],
)
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        Note.parse(data)


@pytest.mark.parametrize("data", [b"", b"\n", KEY_LINE[:-1].encode(), f"{KEY_LINE}\n".encode()])
def test_malformed_signature_lines_are_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        parse_signatures(data)


def test_the_last_empty_line_ends_the_text() -> None:
    note = Note("a\n\n— b AAAAAAE=\n\n", (Signature("c", bytes(4), b"1"),))
    assert Note.parse(note.format()) == note


def test_sixteen_large_signatures_fit_and_no_endless_note_does() -> None:
    large = Signature("pq.example", bytes(4), bytes(5000))
    note = Note("text\n", (large,) * 16)
    assert Note.parse(note.format()) == note
    with pytest.raises(NoteError, match="at most"):
        Note.parse(bytes(MAX_NOTE + 1))


@pytest.mark.parametrize("text", ["", "text", "te\x1fxt\n", "\ud800\n"])
def test_what_is_no_text_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign(text, ORIGIN, LOG_SEED)
    with pytest.raises(NoteError):
        Note(text, COSIGNED.signatures)


def test_a_note_without_signatures_is_none() -> None:
    with pytest.raises(NoteError, match="at least one signature"):
        Note("text\n", ())


# Unicode's White_Space property in full, a plus, a control character and half a surrogate pair.
NOT_IN_NAMES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000+\x07\udfff"
)


@pytest.mark.parametrize("name", ["", *(f"a{character}b" for character in NOT_IN_NAMES)])
def test_no_key_has_such_a_name(name: str) -> None:
    with pytest.raises(VerifierKeyError):
        VerifierKey(name, SignatureType.ED25519, LOG.public)
    with pytest.raises(NoteError):
        Signature(name, bytes(4), b"1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        ORIGIN,
        LOG.format().replace("+", " "),
        LOG.format().replace(LOG.key_id.hex(), LOG.key_id.hex().upper()),
        LOG.format().replace(LOG.key_id.hex(), LOG.key_id.hex()[1:]),
        LOG.format().replace(LOG.key_id.hex(), "0" + LOG.key_id.hex()),
        LOG.format() + "=",
        LOG.format() + "+",
        LOG.format()[:-4],
        LOG.format().replace(ORIGIN, "a b"),
        LOG.format() + "\n",
    ],
)
def test_a_malformed_vkey_is_refused(text: str) -> None:
    with pytest.raises(VerifierKeyError):
        VerifierKey.parse(text)


def test_unknown_signatures_are_passed_over() -> None:
    post_quantum = Signature("w0.example", b"\1\2\3\4", bytes(2428))
    same_name = Signature(ORIGIN, b"\1\2\3\4", bytes(64))
    same_id = Signature("evil.example", LOG.key_id, bytes(64))
    note = replace(COSIGNED, signatures=(post_quantum, same_name, same_id, *COSIGNED.signatures))
    assert verify(note, [OTHER, LOG]) == (LOG,)
    assert len(BOTH.check(note)) == 2


@pytest.mark.parametrize("content", [b"1", bytes(63), bytes(64), bytes(65), bytes(72)])
def test_a_known_key_whose_signature_fails_rejects_the_note(content: bytes) -> None:
    failing = Signature(OTHER.name, OTHER.key_id, content)
    note = replace(COSIGNED, signatures=(*COSIGNED.signatures, failing))
    assert verify(note, [LOG]) == (LOG,)
    with pytest.raises(NoteSignatureError, match=r"other\.example does not fit"):
        verify(note, [LOG, OTHER])


def test_a_second_signature_of_a_known_key_must_fit_too() -> None:
    failing = Signature(LOG.name, LOG.key_id, bytes(64))
    with pytest.raises(NoteSignatureError, match="does not fit"):
        verify(replace(LOG_NOTE, signatures=(*LOG_NOTE.signatures, failing)), [LOG])


def test_a_note_that_nobody_known_signed_is_refused() -> None:
    for known in ([], [OTHER]):
        with pytest.raises(NoteSignatureError, match="no key that is known"):
            verify(COSIGNED, known)


def test_a_key_is_used_for_its_own_type_only() -> None:
    with pytest.raises(VerifierKeyError, match="ED25519 is wanted"):
        verify(COSIGNED, WITNESSES)
    with pytest.raises(VerifierKeyError, match="COSIGNATURE is wanted"):
        Quorum((LOG,), 1)


@given(LINES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINES))
def test_a_checkpoint_is_read_as_it_was_written(
    origin: str, size: int, root: bytes, extensions: list[str]
) -> None:
    checkpoint = Checkpoint(origin, TreeHead(size, root), tuple(extensions))
    assert Checkpoint.parse(checkpoint.format()) == checkpoint


def test_a_checkpoint_is_three_lines() -> None:
    assert Checkpoint("o", TreeHead(20852163, bytes(32)), ("more",)).format() == (
        "o\n20852163\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n"
    )


ROOT = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "o\n",
        "o\n1\n",
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n00\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n 1\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        f"o\n\u0661\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        f"o\n1\n{ROOT[:-1]}\n",
        f"o\n1\n{ROOT[:-2]}B=\n",
        f"o\n1\n{ROOT} \n",
        "o\n1\nAAAA\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n1\n{ROOT}\n\nmore\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(("origin", "extensions"), [("", ()), ("a\nb", ()), ("a", ("",))])
def test_a_checkpoint_that_would_be_malformed_is_not_made(
    origin: str, extensions: tuple[str, ...]
) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint(origin, CHECKPOINT.tree, extensions)


def test_a_checkpoint_of_another_origin_is_not_of_this_log() -> None:
    text = replace(CHECKPOINT, origin="elsewhere.example").format()
    with pytest.raises(CheckpointError, match="another origin"):
        open_checkpoint(Note(text, (sign(text, ORIGIN, LOG_SEED),)), LOG)


def test_a_quorum_gives_who_saw_it_and_when() -> None:
    assert BOTH.check(COSIGNED) == tuple(Cosignature(witness, TIME) for witness in WITNESSES)
    assert NO_WITNESSES.check(COSIGNED) == ()


def test_too_few_witnesses_are_refused_and_one_cannot_stand_for_two() -> None:
    later = cosign(CHECKPOINT, WITNESSES[0].name, WITNESS_SEEDS[0], TIME + 60)
    twice = replace(COSIGNED, signatures=(*COSIGNED.signatures[:2], later))
    assert Quorum(WITNESSES, 1).check(twice) == (Cosignature(WITNESSES[0], TIME + 60),)
    with pytest.raises(NoteSignatureError, match="known witnesses: 1, needed: 2"):
        BOTH.check(twice)


def test_one_key_under_two_names_is_one_witness() -> None:
    alias = replace(WITNESSES[0], name="alias.example")
    with pytest.raises(VerifierKeyError, match="one witness"):
        Quorum((WITNESSES[0], alias), 1)


@pytest.mark.parametrize("needed", [-1, 3])
def test_a_quorum_can_be_reached(needed: int) -> None:
    with pytest.raises(VerifierKeyError, match="cannot give"):
        Quorum(WITNESSES, needed)


@pytest.mark.parametrize("content", [b"1", bytes(71), bytes(72), bytes(73), bytes(2428)])
def test_a_cosignature_that_fails_rejects_the_note(content: bytes) -> None:
    failing = Signature(WITNESSES[1].name, WITNESSES[1].key_id, content)
    note = replace(COSIGNED, signatures=(*COSIGNED.signatures[:2], failing))
    with pytest.raises(NoteSignatureError, match=r"w1\.example does not fit"):
        Quorum(WITNESSES, 1).check(note)


def test_a_cosignature_is_no_plain_signature_of_the_same_key() -> None:
    seed = WITNESS_SEEDS[0]
    plain = Signature(WITNESSES[0].name, WITNESSES[0].key_id, keys.sign(seed, b"text\n"))
    with pytest.raises(NoteSignatureError, match="does not fit"):
        Quorum(WITNESSES, 1).check(Note("text\n", (plain,)))


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_past_63_bits_is_not_signed(time: int) -> None:
    with pytest.raises(NoteSignatureError, match="cannot bear the time"):
        cosign(CHECKPOINT, WITNESSES[0].name, WITNESS_SEEDS[0], time)


def test_a_time_past_63_bits_is_not_accepted_though_signed() -> None:
    text = CHECKPOINT.format()
    time = 2**63
    signed = keys.sign(WITNESS_SEEDS[0], f"cosignature/v1\ntime {time}\n{text}".encode())
    line = Signature(WITNESSES[0].name, WITNESSES[0].key_id, time.to_bytes(8) + signed)
    with pytest.raises(NoteSignatureError, match="does not fit"):
        Quorum(WITNESSES, 1).check(Note(text, (line,)))


@given(st.data())
def test_hostile_bytes_raise_nothing_but_log_errors(data: st.DataObject) -> None:
    template = COSIGNED.format()
    at = data.draw(st.integers(0, len(template)))
    cut = data.draw(st.integers(0, 40))
    changed = template[:at] + data.draw(st.binary(max_size=40)) + template[at + cut :]
    for hostile in (changed, data.draw(st.binary(max_size=200))):
        try:
            note = Note.parse(hostile)
        except LogError:
            continue
        assert note.format() == hostile
        try:
            checkpoint = Checkpoint.parse(note.text)
        except LogError:
            continue
        assert checkpoint.format() == note.text


@given(st.text() | st.tuples(NAMES, st.text(), st.text()).map("+".join))
def test_hostile_vkeys_raise_nothing_but_log_errors(text: str) -> None:
    try:
        key = VerifierKey.parse(text)
    except VerifierKeyError:
        return
    assert key.format() == text
