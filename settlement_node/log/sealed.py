"""Packed rows under a checksum, so that a torn or damaged one is named and not believed."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from lzma import LZMAError
from typing import Final

_DIGEST: Final = 32
_UNREADABLE: Final = (ValueError, LookupError, StopIteration, struct.error)


class DamagedLogError(Exception):
    """What the store holds is not the log that was written; the message says where."""


def seal(content: bytes) -> bytes:
    """Put a checksum before what is to be stored."""
    return sha256(content).digest() + content


def unseal(sealed: bytes, name: str) -> bytes:
    """Return what was stored, or raise DamagedLogError if a single bit of it has changed."""
    content = sealed[_DIGEST:]
    if sha256(content).digest() != sealed[:_DIGEST]:
        raise DamagedLogError(
            f"{name} is damaged: its checksum is wrong. Keep a copy of the store, check the disk,"
            " then restore a backup"
        )
    return content


@contextmanager
def as_written(name: str) -> Iterator[None]:
    """Say which of them it is that holds something else than what is written here."""
    try:
        yield
    except (*_UNREADABLE, LZMAError, zlib.error) as error:
        raise DamagedLogError(f"{name} was not written by a node: {error!r}") from error


@contextmanager
def as_kept() -> Iterator[None]:
    """Say what to do where a row of a table that follows from the log is not what was written."""
    try:
        yield
    except (*_UNREADABLE, TypeError, OverflowError) as error:
        raise DamagedLogError(
            f"a table holds what no node has written ({error!s:.200}): see with `settlement-node"
            " verify` which, and make the tables anew with `settlement-node rebuild`"
        ) from error


def whole[T](held: list[T], width: int, name: str) -> list[T]:
    """Return what was unpacked, if it is as much as it has to be."""
    if len(held) != width:
        raise DamagedLogError(f"{name} holds {len(held)}, not {width}")
    return held
