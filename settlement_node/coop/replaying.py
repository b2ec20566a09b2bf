"""The log read from its beginning, in portions, and followed."""

from collections.abc import AsyncIterator, Iterator

import msgspec

from depin_protocol.log.entries import DecisionEntry, Entry, EntryError, StatementEntry, read_entry
from depin_protocol.problems import RefusedError
from depin_protocol.statements.membership import OperatorAction
from settlement_node.coop.following import (
    DoesNotFollowError,
    check_all_answered,
    follow_decision,
    follow_statement,
    follow_succession,
)
from settlement_node.coop.state import CoopState
from settlement_node.governance.arriving import HELD, wire_in
from settlement_node.intake.checking import Checked, Checkers, check, check_again
from settlement_node.intake.looking_up import look_up
from settlement_node.intake.said import Effects
from settlement_node.keeping.succession import SUCCESSOR
from settlement_node.log.entries import read_decision
from settlement_node.log.reading import Kept, portions
from settlement_node.store.port import View


class Written(msgspec.Struct, frozen=True):
    """An entry with its body, as stored."""

    index: int
    entry: Entry
    written: bytes
    body: bytes


async def written_entries(view: View, first: int = 0) -> AsyncIterator[list[Written]]:
    """Read entries and bodies in portions, and check that none is missing."""
    async for indexes, found in portions(view, first):
        portion: list[Written] = []
        for one in _written(indexes, found):
            if portion and looks_far(one):
                yield portion
                portion = []
            portion.append(one)
        if portion:
            yield portion


def looks_far(one: Written) -> bool:
    """Tell whether an entry may look up whatever was decided before: so that must be stored."""
    return isinstance(one.entry, StatementEntry) and one.entry.kind == OperatorAction.KIND


def _written(indexes: range, found: list[Kept]) -> Iterator[Written]:
    held = {one.index: one for one in found}
    for index in indexes:
        one = held.get(index)
        if one is None:
            raise DoesNotFollowError(index, "it is missing")
        if one.body is None:
            raise DoesNotFollowError(index, "its body is missing")
        try:
            yield Written(index, read_entry(one.entry), one.entry, one.body)
        except EntryError as error:
            raise DoesNotFollowError(index, str(error)) from None


class Replay:
    """Leads a state along entries; `look_ups` has the rows of the statements so far."""

    def __init__(self, state: CoopState, look_ups: View) -> None:
        """Begin where the state is."""
        self._state = state
        self._look_ups = look_ups
        self._checkers: Checkers | None = None

    async def portion(self, written: list[Written]) -> AsyncIterator[tuple[Written, Effects]]:
        """Follow some entries; the effects of each are to be written before the next portion."""
        first = 0
        if self._state.size == 0 and written:
            yield written[0], await self._first(written[0])
            first = 1
        checked = await self._check(written[first:])
        for one in written[first:]:
            if isinstance(one.entry, DecisionEntry):
                yield one, await self._free_or_called_for(one)
            else:
                read = checked[one.index]
                if isinstance(read, Checked):
                    read = check_again(read, self._state.find)
                    await self._state.look_up([read], self._look_ups, one.entry.at)
                yield one, follow_statement(self._state, one.entry, read)
        # What needs no decision has its rows with these entries, even if they are the log's last.
        self._state.answer()
        said = [read for read in checked.values() if isinstance(read, Checked)]
        self._state.forget(said)

    def finish(self) -> None:
        """Check that nothing is left open, and let the threads end."""
        self.close()
        check_all_answered(self._state)

    def close(self) -> None:
        """Let the threads end."""
        if self._checkers is not None:
            self._checkers.close()

    async def _check(self, written: list[Written]) -> dict[int, Checked | RefusedError]:
        """Check signatures side by side, under the keys that are known at the portion's start."""
        if self._checkers is None:
            self._checkers = Checkers(self._state.community.facts.coop, self._state.find)
        said = [one for one in written if isinstance(one.entry, StatementEntry)]
        results = await self._checkers.check([one.body for one in said])
        return {one.index: result for one, result in zip(said, results, strict=True)}

    async def _free_or_called_for(self, one: Written) -> Effects:
        if isinstance(one.entry, DecisionEntry) and one.entry.kind == HELD:
            try:
                wire = wire_in(read_decision(one.entry, one.body), "statement")
            except ValueError as error:
                raise DoesNotFollowError(one.index, str(error)) from None
            read = check(wire, self._state.community.facts.coop, self._state.find)
            if isinstance(read, Checked):
                await look_up([read], self._state.find, self._look_ups, self._state.size)
        return self._decision(one)

    async def _first(self, one: Written) -> Effects:
        if isinstance(one.entry, DecisionEntry) and one.entry.kind == SUCCESSOR:
            return await follow_succession(self._state, one.entry, one.written, one.body)
        return self._decision(one)

    def _decision(self, one: Written) -> Effects:
        if not isinstance(one.entry, DecisionEntry):
            raise DoesNotFollowError(one.index, "the log does not begin with the co-op's founding")
        return follow_decision(self._state, one.entry, one.written, one.body)
