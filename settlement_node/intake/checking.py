"""The part of taking a statement that needs no order: its envelope, its signature, then its body.

A body is read only once a member's key was found to have signed it, so that nobody without a key
can make the node read one.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from depin_protocol.problems import BadSignatureError, RefusedError, UnknownKeyError, WrongCoopError
from depin_protocol.statements.chains import KNOWN, Entry, admit
from depin_protocol.statements.envelope import (
    Envelope,
    Statement,
    open_envelope,
    read_envelope,
    signature_holds,
    statement_hash,
)
from settlement_node.intake.plain_readings import read_plain
from settlement_node.intake.speaker import FindSpeaker, Speaker

ON_THE_SPOT: Final = 32
"""So many statements are checked where they are: threads would cost more than they save."""


class Checked(NamedTuple):
    """A statement's envelope, and what was found behind it with the key that counted then."""

    envelope: Envelope
    key_index: int | None
    """Which of its member's keys it was checked with; None if there was no such member."""
    found: Statement | RefusedError
    """The statement that the key has signed, or why it can't enter with that key."""

    @property
    def hash(self) -> str:
        """The name of the very bytes."""
        if isinstance(self.found, RefusedError):
            return statement_hash(self.envelope.wire)
        return self.found.hash


class Checkers:
    """Checks statements of one co-op; many at once in threads, where signatures go side by side."""

    def __init__(self, coop: str, find: FindSpeaker, *, spared: int = 0) -> None:
        """Check for one co-op, with as many threads as there are cores but for those spared."""
        self._coop = coop
        self._find = find
        self._workers = max(1, (os.cpu_count() or 1) - spared)
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="signatures")

    async def check(self, wires: Sequence[bytes]) -> list[Checked | RefusedError]:
        """Check statements, in order."""
        if len(wires) <= ON_THE_SPOT:
            return self._check_part(wires)
        share = -(-len(wires) // self._workers)
        parts = [wires[at : at + share] for at in range(0, len(wires), share)]
        loop = asyncio.get_running_loop()
        checked = await asyncio.gather(
            *(loop.run_in_executor(self._threads, self._check_part, part) for part in parts)
        )
        return [one for part in checked for one in part]

    def _check_part(self, wires: Sequence[bytes]) -> list[Checked | RefusedError]:
        return [check(wire, self._coop, self._find) for wire in wires]

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=True)


def check(wire: bytes, coop: str, find: FindSpeaker) -> Checked | RefusedError:
    """Check a statement with the key that counts at its place now, or say why there is none."""
    try:
        envelope = read_envelope(wire)
    except RefusedError as refused:
        return refused.with_traceback(None)
    if envelope.header.coop != coop:
        return WrongCoopError(f"signed for co-op {envelope.header.coop}, and this is {coop}")
    return _with_key(envelope, find(envelope.header.member))


def check_again(checked: Checked, find: FindSpeaker) -> Checked:
    """Check once more if another key counts by now; return the very same one if not.

    Who joined, or changed the key, just before it signs with a key that was not known then.
    """
    header = checked.envelope.header
    member = find(header.member)
    index = None if member is None else member.key_index(header.stream, header.chain, header.seq)
    return checked if index == checked.key_index else _with_key(checked.envelope, member)


def admit_in_turn(checked: Checked, find: FindSpeaker) -> tuple[Statement, Entry] | None:
    """Tell what a statement does now that all before it are in; None if it is in already.

    Raise the RefusedError that says why it can't enter. It must have been checked again, and the
    older hashes that it names looked up.
    """
    envelope, _, found = checked
    member = find(envelope.header.member)
    if member is None:
        raise _unknown(envelope)
    if isinstance(found, RefusedError):
        # What is held was signed by the key of its time, whichever counts there now.
        if _is_held(envelope, member):
            return None
        raise found
    admission = admit(found, member.streams, member.history)
    return None if admission == KNOWN else (found, admission)


def _with_key(envelope: Envelope, member: Speaker | None) -> Checked:
    if member is None:
        return Checked(envelope, None, _unknown(envelope))
    header = envelope.header
    index = member.key_index(header.stream, header.chain, header.seq)
    if not signature_holds(envelope.wire, member.history.keys[index]):
        msg = f"number {header.seq} of chain {header.chain} is not signed by key {index + 1}"
        return Checked(envelope, index, BadSignatureError(msg))
    try:
        return Checked(envelope, index, open_envelope(envelope, read_plain(envelope)))
    except RefusedError as refused:
        return Checked(envelope, index, refused.with_traceback(None))


def _is_held(envelope: Envelope, member: Speaker) -> bool:
    header = envelope.header
    held = member.streams[header.stream].hash_at(header.chain, header.seq)
    return held is not None and held == statement_hash(envelope.wire)


def _unknown(envelope: Envelope) -> UnknownKeyError:
    return UnknownKeyError(f"nobody here is {envelope.header.member}")
