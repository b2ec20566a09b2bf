"""What a home has verified, on disk: the last checkpoint, how far it came, what it suspects."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from .journal import new_folder, sync_folder
from .protocol.checking.shown import read_bytes
from .protocol.checking.verdicts import Check
from .protocol.encoding import EncodingError, decode_json, encode_json, to_text
from .protocol.log.notes import MAX_NOTE
from .protocol.statements.envelope import MAX_STATEMENT
from .protocol.statements.fields import MAX_TIME, BodyError, Fields, integer

_MAX_SAID: Final = 4_000
_MAX_PATH: Final = 4_096
_MAX_DECLARED: Final = 64


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What was found, and where its evidence is."""

    check: Check
    said: str
    file: str

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        return {"check": self.check.value, "said": self.said[:_MAX_SAID], "file": self.file}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what was written."""
        fields = Fields(value, "suspicion")
        return cls(
            Check(fields.one_of("check", [check.value for check in Check])),
            fields.words("said", _MAX_SAID),
            fields.words("file", _MAX_PATH),
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """How far a home has come."""

    seen: bytes | None = None
    """The largest checkpoint of the log's that was seen."""
    upto: Mapping[str, int] = field(default_factory=dict)
    """The last settled interval that was looked at, by market."""
    declared: tuple[bytes, ...] = ()
    """Declarations of meters, which the outbox forgets in time."""
    suspicion: Suspicion | None = None
    """Why nothing is traded until the owner has answered."""

    def written(self) -> bytes:
        """Write the file."""
        return encode_json(
            {
                "seen": None if self.seen is None else self.seen.decode(),
                "upto": self.upto,
                "declared": [to_text(wire) for wire in self.declared],
                "suspicion": None if self.suspicion is None else self.suspicion.to_json(),
            }
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what was written."""
        fields = Fields(decode_json(data), "verified")
        seen, suspicion = fields.take("seen"), fields.take("suspicion")
        upto = fields.json_object("upto")
        return cls(
            None if seen is None else Fields({"seen": seen}).words("seen", MAX_NOTE).encode(),
            {market: integer(start, market, 0, MAX_TIME) for market, start in upto.items()},
            fields.array(
                "declared", _MAX_DECLARED, lambda one, path: read_bytes(one, path, MAX_STATEMENT)
            ),
            None if suspicion is None else Suspicion.read(suspicion),
        )


class VerifiedFile:
    """Keeps it through restarts and power cuts: the file is written whole, then takes its place."""

    def __init__(self, file: Path) -> None:
        """Keep it here."""
        self._file = file

    def load(self) -> Verified:
        """Read it; what cannot be read counts as nothing verified."""
        try:
            return Verified.read(self._file.read_bytes())
        except FileNotFoundError, EncodingError, BodyError:
            return Verified()

    def save(self, verified: Verified) -> None:
        """Have it on disk."""
        write_whole(self._file, verified.written())


def write_whole(path: Path, content: bytes) -> None:
    """Have a file on disk, whole or as it was before."""
    new_folder(path.parent)
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)
