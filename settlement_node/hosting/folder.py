"""A node's data folder: a folder for each co-op, with its keys, its books and where they are.

coops/<co-op in hex>/coop.json      name, address, first operator, database
                     keys/*.key     the node's own seeds, and its first operator's
                     books.sqlite   unless a database holds them
node.sock                           where a running node hears the commands of this machine
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import Final, Self

import msgspec

from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.identifiers import ID_LENGTH, is_id
from depin_protocol.keys import fingerprint, public_key
from settlement_node.foreign_json import ForeignJSONError, read_foreign
from settlement_node.store.sqlite_file import sync_folder

SEED_LENGTH: Final = 32
OPERATOR: Final = "operator"
LOG: Final = "log"
RECEIPTS: Final = "receipts"

_COOPS: Final = "coops"
_DESCRIPTION: Final = "coop.json"
_BOOKS: Final = "books.sqlite"
_KEYS: Final = "keys"
_SOCKET: Final = "node.sock"


class FolderError(Exception):
    """The data folder is not as a node needs it; the message says what to do."""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the node has to know before it opens a co-op's books."""

    coop: str
    name: str
    address: str
    """Where homes reach the node: what invites say."""
    operator: str
    """The member that commands speak for, whatever its key; in a copy, who fetched it."""
    database: str | None = None
    """A PostgreSQL URL; without one the books are a file."""
    is_copy: bool = False
    """Whether these are an auditor's copy of books that a node elsewhere keeps."""


@dataclass(frozen=True, slots=True)
class CoopFolder:
    """One co-op's folder."""

    path: Path
    description: Description

    @property
    def coop(self) -> bytes:
        """The co-op's name, as bytes."""
        return from_text(self.description.coop, ID_LENGTH)

    @property
    def books(self) -> Path | str:
        """Where its store is."""
        return self.description.database or self.path / _BOOKS

    def check_own(self) -> None:
        """Refuse an auditor's copy, which no node runs and nobody acts on."""
        if self.description.is_copy:
            raise FolderError(
                f"this is an auditor's copy of {self.description.name}, to verify it and to list"
                " and confirm its state roots: do all else in the node's own data folder"
            )

    def seeds(self) -> dict[str, bytes]:
        """Return the node's keys by the names of their files."""
        return {file.stem: read_seed(file) for file in sorted((self.path / _KEYS).glob("*.key"))}

    def operator_seeds(self) -> list[bytes]:
        """Return the operator's keys, the newest first; the log says which one counts."""
        seeds = self.seeds()
        names = (name for name in seeds if name == OPERATOR or name.startswith(f"{OPERATOR}-"))
        found = [seeds[name] for name in sorted(names, reverse=True)]
        if not found:
            raise FolderError(f"{self.path / _KEYS} has no operator.key: put your copy back")
        return found

    def at_address(self, address: str) -> Self:
        """Let invites name another address from now on."""
        described = msgspec.structs.replace(self.description, address=address)
        path, new = self.path / _DESCRIPTION, self.path / f".{_DESCRIPTION}"
        try:
            new.unlink(missing_ok=True)
            _write_private(new, msgspec.json.encode(described) + b"\n")
            new.rename(path)
            sync_folder(self.path)
        except OSError as error:
            raise FolderError(f"{path} cannot be written: {error.strerror}") from error
        return replace(self, description=described)

    def add_key(self, name: str, seed: bytes) -> Path:
        """Write a new key, which only the node's user can read; none is ever overwritten."""
        path = self.path / _KEYS / f"{name}.key"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_private(path, f"{to_text(seed)}\n".encode("ascii"))
        return path


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """The folder of a node."""

    path: Path

    @property
    def socket(self) -> Path:
        """Where a running node hears this machine's commands."""
        return self.path / _SOCKET

    def coops(self) -> list[CoopFolder]:
        """Return the co-ops that were made here, in the order of their names."""
        found = (self.path / _COOPS).glob(f"[0-9a-f]*/{_DESCRIPTION}")
        folders = [CoopFolder(file.parent, _read_description(file)) for file in found]
        return sorted(folders, key=lambda folder: (folder.description.name, folder.path))

    def choose(self, wanted: str | None) -> CoopFolder:
        """Return the co-op of this name or identifier, or the only one that there is."""
        coops = self.coops()
        chosen = [one for one in coops if wanted is None or _is_called(one, wanted)]
        if len(chosen) == 1:
            return chosen[0]
        if not coops:
            raise FolderError(f"{self.path} holds no co-op: make one with `settlement-node init`")
        listed = "; ".join(f"{one.description.name} ({one.description.coop})" for one in coops)
        raise FolderError(f"say which co-op with --coop, by name or identifier: {listed}")

    def begin(self, description: Description) -> CoopFolder:
        """Make a co-op's folder; it is none of the node's until `finish`."""
        name = from_text(description.coop, ID_LENGTH).hex()
        path = self.path / _COOPS / f".{name}"
        try:
            path.mkdir(mode=0o700, parents=True)
            _write_private(path / _DESCRIPTION, msgspec.json.encode(description) + b"\n")
        except OSError as error:
            raise FolderError(
                f"{path} cannot be made ({error.strerror}): choose a folder that the node's user"
                " may write"
            ) from error
        return CoopFolder(path, description)

    def discard(self, begun: CoopFolder) -> None:
        """Forget a co-op that was begun and never came to be, with its keys."""
        rmtree(begun.path)

    def finish(self, begun: CoopFolder) -> CoopFolder:
        """Let a co-op whose folder is whole be one of the node's."""
        path = begun.path.with_name(begun.path.name.removeprefix("."))
        begun.path.rename(path)
        sync_folder(path.parent)
        return CoopFolder(path, begun.description)


def _is_called(folder: CoopFolder, wanted: str) -> bool:
    return wanted in {folder.description.name, folder.description.coop, folder.path.name}


def _read_description(file: Path) -> Description:
    try:
        description = read_foreign(file.read_bytes(), Description)
    except (OSError, ForeignJSONError) as error:
        raise FolderError(f"{file} cannot be read ({error}): restore it from your copy") from error
    if not is_id(description.coop):
        raise FolderError(f"{file} names no co-op: restore it from your copy")
    return description


def read_seed(file: Path, advice: str = "put your copy back") -> bytes:
    """Read a key's file."""
    try:
        return from_text(file.read_text("ascii").strip(), SEED_LENGTH)
    except (OSError, UnicodeDecodeError, EncodingError) as error:
        raise FolderError(f"the key {file} cannot be read: {advice}") from error


def kept_seed(file: Path) -> bytes:
    """Read a key's file; where there is none, make a key that only its owner can read."""
    if file.exists():
        return read_seed(file, "name another file, and a key is made there")
    seed = secrets.token_bytes(SEED_LENGTH)
    try:
        _write_private(file, f"{to_text(seed)}\n".encode("ascii"))
    except OSError as error:
        raise FolderError(f"the key {file} cannot be written: {error.strerror}") from error
    return seed


def _write_private(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def described_keys(folder: CoopFolder) -> Iterator[tuple[str, str]]:
    """Name the keys and their fingerprints, for people to compare."""
    for name, seed in folder.seeds().items():
        yield name, fingerprint(public_key(seed))
