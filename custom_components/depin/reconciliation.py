"""What a home does where the node holds something else than the outbox says.

A home that was set back to an earlier time meets its own later self: it opens a chain after what
the node holds, and goes on. Only at the first contact of a start can that be so. Whoever else
speaks with the same key is a clone: the home goes on recording, sends nothing, and asks its owner.
"""

import asyncio
import logging
from typing import Final

from .attestation import Attestation
from .node import Heads, MemberNode, NodeRefusedError, Problem
from .outbox import Outbox, Place
from .outbox_state import STREAMS, Stranded
from .protocol.problems import ProblemCode
from .protocol.statements.bodies import Stream
from .protocol.statements.envelope import signature_holds
from .protocol.statements.heads import Head
from .protocol.statements.membership import MAX_NAMED_HEADS
from .troubles import Owner, Trouble

_LOGGER: Final = logging.getLogger(__name__)

_MOST_REOPENINGS: Final = 3
"""How often a start may open a chain anew by itself, of each stream."""

_CONTRADICTIONS: Final = frozenset((ProblemCode.FORK, ProblemCode.CHAIN_ENDED))
_NOT_THIS_KEY: Final = frozenset((ProblemCode.BAD_SIGNATURE, ProblemCode.UNKNOWN_KEY))


class Reconciliation:
    """Compares the outbox with the node, for as long as one start of the home lasts."""

    def __init__(self, attestation: Attestation, node: MemberNode, owner: Owner) -> None:
        """Begin with nothing known of what the node holds."""
        self._attestation = attestation
        self._node = node
        self._owner = owner
        self._is_first_contact = True
        self._is_taking_over = False
        self._set_back: set[Stream] = set()
        self._reopenings = dict.fromkeys(STREAMS, 0)
        self._last_gap: dict[Stream, tuple[str, int]] = {}

    def take_over(self) -> None:
        """Take the owner's word that this home is the one that speaks from now on."""
        self._is_taking_over = True

    async def begin(self) -> None:
        """Compare heads, before anything is sent."""
        heads = await self._node.heads()
        if self._is_taking_over:
            await self._take_over(heads)
            self._is_taking_over = False
            # The chains that answer for it are on their way.
            await self._hold(set(), elsewhere=False)
            return
        elsewhere = (await self._node.standing()).orders_held
        held = set(await self._attestation.async_held())
        for stream in STREAMS:
            if stream not in held and await self._is_cloned(stream, heads[stream]):
                held.add(stream)
        await self._hold(held, elsewhere=elsewhere)

    async def finish(self) -> None:
        """Come to terms with the node, once all that could be sent was."""
        for stream in sorted(self._set_back):
            await self._reopen(stream, None)
        self._set_back.clear()
        self._last_gap.clear()
        self._is_first_contact = False
        await self._attestation.async_note_heard()

    async def answer(self, stream: Stream, place: Place, problem: Problem) -> bool:
        """Deal with a statement that the node did not take; tell whether sending may go on."""
        _LOGGER.debug("The node did not take %s: %s %s", place.head, problem.code, problem.detail)
        if problem.code == ProblemCode.GAP and problem.wanted is not None:
            return await self._fill_gap(stream, place, problem.wanted)
        if problem.code in _CONTRADICTIONS:
            return await self._contradicted(stream, place, problem)
        if problem.code == ProblemCode.EARLIER_LOG:
            await self._attestation.async_close([place])
            return True
        if problem.code == ProblemCode.TOO_MANY_CHAINS:
            return await self._reopen(stream, place)
        if problem.code in _NOT_THIS_KEY:
            if await self._is_of_an_earlier_key(place):
                return await self._open_anew(stream, place)
            self._owner.tell(Trouble.KEY_REFUSED)
            raise NodeRefusedError(problem.code, problem.detail)
        _LOGGER.error(
            "The node cannot take number %s of chain %s: %s (%s)",
            place.head.seq,
            place.head.chain,
            problem.detail,
            problem.code,
        )
        self._owner.tell(Trouble.STATEMENT_REFUSED)
        await self._attestation.async_close([place])
        return await self._reopen(stream, place)

    # Heads

    async def _is_cloned(self, stream: Stream, heads: tuple[Head, ...]) -> bool:
        """Look at the heads of a stream; at the first contact note what is to be reopened."""

        def compare(outbox: Outbox) -> tuple[bool, Place | None]:
            chains = outbox.chains(stream)
            unsent = None
            if not any(head.chain in chains for head in heads) and not outbox.has_answers(stream):
                unsent = next(iter(outbox.waiting(stream)), None)
            agrees = True
            current = outbox.heads.get(stream)
            reopening = outbox.state.reopened.get(stream)
            # A chain that another of this home's follows ends wherever it is by then.
            followed = {one.chain for one in reopening.after} if reopening is not None else set()
            for head in heads:
                own = chains.get(head.chain)
                is_strange = own is None and head.chain not in followed
                if is_strange or (own is not None and own == current and head.seq > own.seq):
                    agrees = False
                elif (lost := outbox.place(stream, head.chain, head.seq + 1)) is not None:
                    outbox.doubt(lost)
            return agrees, unsent

        agrees, unsent = await self._attestation.async_ask(compare)
        if agrees:
            return False
        if not self._is_first_contact:
            return True
        if unsent is not None:
            # Nothing of this outbox was ever heard: its first chain would stand beside the others.
            await self._reopen(stream, unsent, heads)
        else:
            self._set_back.add(stream)
        return False

    async def _hold(self, held: set[Stream], *, elsewhere: bool) -> None:
        await self._attestation.async_hold(frozenset(held))
        if held or elsewhere:
            self._owner.tell(Trouble.CLONE)
        else:
            self._owner.withdraw(Trouble.CLONE)

    async def _take_over(self, heads: Heads) -> None:
        """Open chains after all that the node holds, and say again what it did not take."""
        for stream in STREAMS:
            if heads[stream]:
                waiting = await self._attestation.async_waiting(stream)
                await self._open_after(stream, waiting[0] if waiting else None, heads[stream])

    # Problems

    async def _fill_gap(self, stream: Stream, place: Place, wanted: tuple[str, int]) -> bool:
        """Go back to what the node wants first, if it is still kept."""

        def go_back(outbox: Outbox) -> Stream | None:
            for one in STREAMS:
                found = outbox.place(one, *wanted)
                if found is not None:
                    outbox.doubt(found)
                    return one
            return None

        where = await self._attestation.async_ask(go_back)
        if where is None:
            return await self._reopen(stream, place)
        if where != stream:
            return False
        is_stuck = self._last_gap.get(stream) == wanted
        self._last_gap[stream] = wanted
        return await self._reopen(stream, place) if is_stuck else True

    async def _contradicted(self, stream: Stream, place: Place, problem: Problem) -> bool:
        """Tell an earlier self, whose later words the node has, from a clone."""
        if problem.code == ProblemCode.CHAIN_ENDED and not (await self._node.heads())[stream]:
            # Nobody speaks in another: the co-op has replaced a lost key, which ends all chains.
            return await self._open_anew(stream, place, ())
        written_now = place.number >= self._attestation.unheard_since
        if self._is_first_contact and written_now and self._reopenings[stream] == 0:
            self._set_back.discard(stream)
            return await self._reopen(stream, place)
        held = await self._attestation.async_held()
        await self._hold({*held, stream}, elsewhere=True)
        return False

    async def _is_of_an_earlier_key(self, place: Place) -> bool:
        """Tell whether the node knows the key that signs now, and this is in another's chain."""
        key = self._attestation.key.public
        if self._node.key != key:
            return False

        def first_of_chain_and_itself(outbox: Outbox) -> list[bytes]:
            kept = outbox.since(place.stream, 0)
            first = next(one for one in kept if one.head.chain == place.head.chain)
            return [outbox.wire(one) for one in (first, place)]

        for wire in await self._attestation.async_ask(first_of_chain_and_itself):
            if not await asyncio.to_thread(signature_holds, wire, key):
                return True
        return False

    async def _reopen(
        self, stream: Stream, stranded: Place | None, heads: tuple[Head, ...] | None = None
    ) -> bool:
        """Open a chain after those that the node holds; say so to the owner."""
        await self._open_anew(stream, stranded, heads)
        self._owner.tell(Trouble.RESTORED)
        return True

    async def _open_anew(
        self, stream: Stream, stranded: Place | None, heads: tuple[Head, ...] | None = None
    ) -> bool:
        """Open a chain after those that the node holds, and say again in it what is stranded."""
        self._reopenings[stream] += 1
        if self._reopenings[stream] > _MOST_REOPENINGS:
            msg = f"the node takes no {stream} statements, whatever chain they are in"
            raise NodeRefusedError("stuck", msg)
        if heads is None:
            heads = (await self._node.heads())[stream]
        await self._open_after(stream, stranded, heads)
        return True

    async def _open_after(
        self, stream: Stream, stranded: Place | None, heads: tuple[Head, ...]
    ) -> None:
        begin = None if stranded is None else Stranded(stranded.head.chain, stranded.head.seq)
        await self._attestation.async_reopen(stream, heads[:MAX_NAMED_HEADS], begin)
