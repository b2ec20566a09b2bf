"""The part of taking a statement that needs no order: reading it, and checking its signature."""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from depin_protocol.problems import BadSignatureError, RefusedError, UnknownKeyError, WrongCoopError
from depin_protocol.statements.chains import Admission, admit
from depin_protocol.statements.envelope import Statement, read_statement, signature_holds
from settlement_node.governance.member import Member

_FEWEST: Final = 8
"""Fewer statements than this are not worth another thread."""

type FindMember = Callable[[str], Member | None]


class Checked(NamedTuple):
    """A statement whose signature holds under one of its member's keys."""

    statement: Statement
    key_index: int


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
            return check_signature(read_statement(wire), self._coop, self._find)
        except RefusedError as refused:
            return refused.with_traceback(None)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=True)


def check_signature(statement: Statement, coop: str, find: FindMember) -> Checked:
    """Check a statement as far as it can be before its turn, or raise the RefusedError."""
    header = statement.header
    if header.coop != coop:
        msg = f"signed for co-op {header.coop}, and this is {coop}"
        raise WrongCoopError(msg)
    member = find(header.member)
    if member is None:
        msg = f"nobody here is {header.member}"
        raise UnknownKeyError(msg)
    index = member.key_index(header.stream, header.chain, header.seq)
    if not signature_holds(statement, member.history.keys[index]):
        msg = f"number {header.seq} of chain {header.chain} is not signed by key {index + 1}"
        raise BadSignatureError(msg)
    return Checked(statement, index)


def admit_in_turn(checked: Checked, coop: str, find: FindMember) -> tuple[Member, Admission]:
    """Tell what a statement does now that all before it are in, or raise the RefusedError.

    The older hashes that it names must have been looked up.
    """
    statement = checked.statement
    header = statement.header
    member = find(header.member)
    if member is None:
        msg = f"nobody here is {header.member}"
        raise UnknownKeyError(msg)
    if member.key_index(header.stream, header.chain, header.seq) != checked.key_index:
        check_signature(statement, coop, find)
    return member, admit(statement, member.streams, member.history)
