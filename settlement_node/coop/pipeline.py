"""The way of a submission: it waits, its signatures are checked, its group is written.

Two tasks, so that the signatures of one group are checked while the group before is being written.
When one of them fails the co-op stops and says why: what is in memory may be ahead of the disk, and
only a start from the store is sure to be right.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from depin_protocol.problems import RefusedError
from settlement_node.coop.answers import BusyError, ReadOnlyError, StoppedError
from settlement_node.coop.tidying import Tidying
from settlement_node.coop.writer import Group, Outcome, Surroundings, Writer
from settlement_node.intake.checking import ON_THE_SPOT, Checked, Checkers
from settlement_node.log.checkpoints import Checkpoints

_IDLE: Final = 30.0
"""Seconds after which the writer looks at the clock though nobody has said anything."""

_RETRY_AFTER: Final = 1


@dataclass(slots=True, eq=False)
class _Submission:
    """What waits for its turn."""

    wires: Sequence[bytes]
    join: bytes | None
    weight: int
    answer: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


type _Ready = tuple[list[_Submission], list[Checked | RefusedError]]


class Pipeline:
    """Takes submissions while there is room, and answers each once it is durable."""

    def __init__(
        self,
        writer: Writer,
        checkpoints: Checkpoints,
        checkers: Checkers,
        tidying: Tidying,
        around: Surroundings,
    ) -> None:
        """Lead to this writer."""
        self._writer = writer
        self._checkpoints = checkpoints
        self._checkers = checkers
        self._tidying = tidying
        self._around = around
        self._arrived: deque[_Submission] = deque()
        self._ready: asyncio.Queue[_Ready | None] = asyncio.Queue(maxsize=1)
        self._open: set[_Submission] = set()
        self._news = asyncio.Event()
        self._waiting = 0
        self._waiting_bytes = 0
        self._closing = False
        self._refusing: str | None = None
        """Why nothing more may be written or signed."""
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: str | None = None
        """Why it has stopped."""

    async def start(self) -> None:
        """Write what is overdue, then take submissions."""
        first = asyncio.create_task(self._begin())
        first.add_done_callback(self._ended)
        await first
        self._tasks = [
            asyncio.create_task(self._check_submissions()),
            asyncio.create_task(self._write_groups()),
            asyncio.create_task(self._tidying.run()),
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def close(self, refusing: str | None = None) -> None:
        """Write what waits, publish a last checkpoint, and stop; refuse it if there is a reason."""
        self._closing = True
        self._refusing = refusing
        self._news.set()
        self._tidying.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def trouble(self) -> str | None:
        """What can't be tidied up for now."""
        return self._tidying.trouble

    @property
    def erased(self) -> int | None:
        """Below which entry an erasure has ended."""
        return self._tidying.erased

    async def hand_in(self, wires: Sequence[bytes] = (), join: bytes | None = None) -> Outcome:
        """Wait until this is written, and return what to answer."""
        if self.failure is not None:
            raise StoppedError(self.failure)
        if self._closing or not self._tasks:
            raise StoppedError("the node is stopping, or has not started yet: send it again later")
        weight = sum(map(len, wires)) + len(join or b"")
        limits = self._around.settings
        if self._waiting and (
            self._waiting + len(wires) > limits.waiting_statements
            or self._waiting_bytes + weight > limits.waiting_bytes
        ):
            raise BusyError(_RETRY_AFTER)
        submission = _Submission(wires, join, weight)
        self._waiting += len(wires)
        self._waiting_bytes += weight
        self._open.add(submission)
        self._arrived.append(submission)
        self._news.set()
        return await submission.answer

    async def _check_submissions(self) -> None:
        while True:
            while not self._arrived:
                if self._closing:
                    await self._ready.put(None)
                    return
                self._news.clear()
                await self._news.wait()
            if sum(len(one.wires) for one in self._arrived) <= ON_THE_SPOT:
                # Being early would gain them nothing: they share a commit with what comes yet.
                await self._ready.join()
            taken = self._take_some()
            wires = [wire for submission in taken for wire in submission.wires]
            await self._ready.put((taken, await self._checkers.check(wires)))

    def _take_some(self) -> list[_Submission]:
        taken: list[_Submission] = []
        room = self._around.settings.group
        while self._arrived and (not taken or len(self._arrived[0].wires) <= room):
            submission = self._arrived.popleft()
            room -= len(submission.wires)
            taken.append(submission)
        return taken

    async def _write_groups(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._until_something_is_due()):
                    ready = await self._ready.get()
            except TimeoutError:
                if self._refusing is None:
                    await self._write(Group())
                continue
            if ready is None:
                if self._refusing is None and self._checkpoints.wanted_at is not None:
                    await self._writer.checkpoint()
                return
            submissions, statements = ready
            if self._refusing is None:
                joins = [one.join for one in submissions if one.join is not None]
                self._answer(submissions, await self._write(Group(joins, statements)))
            else:
                self._refuse(submissions, ReadOnlyError(self._refusing))
            self._ready.task_done()

    async def _begin(self) -> None:
        await self._writer.say_it_was_away()
        await self._write(Group())

    async def _write(self, group: Group) -> Outcome:
        outcome = await self._writer.write(group)
        wanted_at = self._checkpoints.wanted_at
        is_due = wanted_at is not None and wanted_at <= self._around.clock()
        if is_due and self._refusing is None:
            await self._writer.checkpoint()
        return outcome

    def _until_something_is_due(self) -> float:
        moments = [self._checkpoints.wanted_at, self._writer.due_at]
        wanted = [at for at in moments if at is not None]
        if not wanted:
            return _IDLE
        return min(_IDLE, max(0, min(wanted) - self._around.clock()) / 1000)

    def _answer(self, submissions: list[_Submission], outcome: Outcome) -> None:
        joins = iter(outcome.joins)
        statements = iter(zip(outcome.statements, outcome.entered, strict=True))
        for one in submissions:
            self._let_go(one)
            joined = [next(joins)] if one.join is not None else []
            given = [next(statements) for _ in one.wires]
            answers, entered = [answer for answer, _ in given], [entered for _, entered in given]
            # Who goes away does not take back what it said.
            if not one.answer.cancelled():
                one.answer.set_result(Outcome(joined, answers, entered))

    def _refuse(self, submissions: Iterable[_Submission], error: Exception) -> None:
        for one in list(submissions):
            self._let_go(one)
            if not one.answer.cancelled():
                one.answer.set_exception(error)

    def _let_go(self, one: _Submission) -> None:
        self._waiting -= len(one.wires)
        self._waiting_bytes -= one.weight
        self._open.discard(one)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self.failure = stopped_by(error)
        for other in self._tasks:
            other.cancel()
        self._refuse(self._open, StoppedError(self.failure))


def stopped_by(error: BaseException) -> str:
    """Say why a co-op takes nothing more until it is started again."""
    return (
        f"the co-op has stopped, since it could not go on writing: {error}."
        " Mend that and start the node again; nothing that was promised is lost"
    )
