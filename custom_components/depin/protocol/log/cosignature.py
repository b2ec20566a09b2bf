"""Cosignatures (C2SP tlog-cosignature, Ed25519): who else has seen that a log only grows."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

from .. import keys
from .checkpoint import Checkpoint
from .errors import NoteSignatureError, VerifierKeyError
from .notes import Note, Signature, SignatureType, VerifierKey, signatures_of
from .text import MAX_NUMBER

_TIME_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness saw this checkpoint, and no larger one, at this unix second."""

    witness: VerifierKey
    time: int


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many of which witnesses must have cosigned."""

    witnesses: tuple[VerifierKey, ...]
    needed: int

    def __post_init__(self) -> None:
        """Refuse witnesses that would count twice, and numbers that cannot be reached."""
        for witness in self.witnesses:
            witness.require(SignatureType.COSIGNATURE)
        for one, other in combinations(self.witnesses, 2):
            if one.public == other.public:
                msg = f"{one.name} and {other.name} are one witness: they have the same key"
                raise VerifierKeyError(msg)
        if not 0 <= self.needed <= len(self.witnesses):
            msg = f"{len(self.witnesses)} witnesses cannot give {self.needed} cosignatures"
            raise VerifierKeyError(msg)

    def check(self, note: Note) -> tuple[Cosignature, ...]:
        """Find the cosignatures; refuse if they are too few, or if one of a witness fails."""
        found = tuple(
            Cosignature(witness, max(times))
            for witness in self.witnesses
            if (times := _verified_times(note, witness))
        )
        if len(found) < self.needed:
            msg = f"cosignatures of known witnesses: {len(found)}, needed: {self.needed}"
            raise NoteSignatureError(msg)
        return found


NO_WITNESSES: Final = Quorum((), 0)


def cosign(checkpoint: Checkpoint, name: str, seed: bytes, time: int) -> Signature:
    """Sign as a witness that has checked, at this unix second, that the log only grew."""
    key = VerifierKey(name, SignatureType.COSIGNATURE, keys.public_key(seed))
    if not 0 <= time <= MAX_NUMBER:
        msg = f"a cosignature cannot bear the time {time}"
        raise NoteSignatureError(msg)
    signed = keys.sign(seed, _message(time, checkpoint.format()))
    return Signature(name, key.key_id, time.to_bytes(_TIME_LENGTH) + signed)


def _verified_times(note: Note, witness: VerifierKey) -> list[int]:
    """Verify every cosignature of a witness under a note."""
    times = []
    for signature in signatures_of(note, witness):
        time = int.from_bytes(signature.content[:_TIME_LENGTH])
        signed = signature.content[_TIME_LENGTH:]
        if time > MAX_NUMBER or not keys.verify(witness.public, _message(time, note.text), signed):
            msg = f"the cosignature of {witness.name} does not fit the checkpoint"
            raise NoteSignatureError(msg)
        times.append(time)
    return times


def _message(time: int, text: str) -> bytes:
    """Build what a cosignature signs."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()
