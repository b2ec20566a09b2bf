"""The part of taking a statement that needs no order: reading it, and checking its signature."""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from depin_protocol.problems import BadSignatureError, RefusedError, UnknownKeyError, WrongCoopError
from depin_protocol.statements.chains import KNOWN, Admission, admit
from depin_protocol.statements.envelope import Statement, read_statement, signature_holds
from settlement_node.governance.member import Member

_FEWEST: Final = 8
"""Fewer statements than this are not worth another thread."""

type FindMember = Callable[[str], Member | None]


class Checked(NamedTuple):
    """A statement, and what its signature was found to be before its turn."""

    statement: Statement
    key_index: int | None
    """Which of its member's keys it was checked with; None if there was no such member."""
    refused: RefusedError | None
    """Why it can't enter, unless its key is another when its turn comes."""


class Checkers:
    """Worker threads: reading takes turns, but signatures are verified side by side."""

    def __init__(self, coop: str, find: FindMember) -> None:
        """Check for one co-op."""
        self._coop = coop
        self._find = find
        self._workers = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="signatures")

    async def check(self, wires: Sequence[bytes]) -> list[Checked | RefusedError]:
        """Read and check statements, in order."""
        share = max(_FEWEST, -(-len(wires) // self._workers))
        parts = [wires[at : at + share] for at in range(0, len(wires), share)]
        loop = asyncio.get_running_loop()
        checked = await asyncio.gather(
            *(loop.run_in_executor(self._threads, self._check_part, part) for part in parts)
        )
        return [one for part in checked for one in part]

    def _check_part(self, wires: Sequence[bytes]) -> list[Checked | RefusedError]:
        return [self._outcome(wire) for wire in wires]

    def _outcome(self, wire: bytes) -> Checked | RefusedError:
        try:
            statement = read_statement(wire)
            header = statement.header
            if header.coop != self._coop:
                msg = f"signed for co-op {header.coop}, and this is {self._coop}"
                raise WrongCoopError(msg)
        except RefusedError as refused:
            return refused.with_traceback(None)
        try:
            return Checked(statement, _signing_key(statement, self._find(header.member)), None)
        except _UnsignedError as unsigned:
            return Checked(statement, unsigned.key_index, unsigned.refused)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=True)


class _UnsignedError(Exception):
    """The signature doesn't hold for now."""

    def __init__(self, refused: RefusedError, key_index: int | None) -> None:
        super().__init__(str(refused))
        self.refused = refused
        self.key_index = key_index


def _signing_key(statement: Statement, member: Member | None) -> int:
    header = statement.header
    if member is None:
        raise _UnsignedError(UnknownKeyError(f"nobody here is {header.member}"), None)
    index = member.key_index(header.stream, header.chain, header.seq)
    if not signature_holds(statement.wire, member.history.keys[index]):
        msg = f"number {header.seq} of chain {header.chain} is not signed by key {index + 1}"
        raise _UnsignedError(BadSignatureError(msg), index)
    return index


def admit_in_turn(checked: Checked, find: FindMember) -> tuple[Member, Admission]:
    """Tell what a statement does now that all before it are in, or raise the RefusedError.

    The older hashes that it names must have been looked up.
    """
    statement, checked_with, refused = checked
    header = statement.header
    member = find(header.member)
    if member is None:
        raise UnknownKeyError(f"nobody here is {header.member}")
    # What is held was signed by the key of its time, whichever counts there now.
    held = member.streams[header.stream].hash_at(header.chain, header.seq)
    if held == statement.hash:
        return member, KNOWN
    # Who joined, or changed the key, just before it signs with a key that was not known then.
    if member.key_index(header.stream, header.chain, header.seq) != checked_with:
        try:
            _signing_key(statement, member)
        except _UnsignedError as unsigned:
            raise unsigned.refused from None
    elif refused is not None:
        raise refused
    return member, admit(statement, member.streams, member.history)
