"""Brings what the outbox holds to the node, in order, and keeps what the node promises for it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from typing import Final

from .attestation import Attestation
from .inclusion import fetch_proof
from .journal import JournalError
from .node import MemberNode, NodeAwayError, NodeError, NodeRefusedError, Problem, UnprovenWordError
from .outbox import Outbox, Place
from .outbox_state import STREAMS
from .protocol.log.notes import VerifierKey
from .protocol.receipts import Receipt, ReceiptError
from .protocol.statements.bodies import Stream
from .protocol.statements.membership import KeyChange
from .reconciliation import Reconciliation
from .troubles import Owner, Trouble
from .waiting_orders import WaitingOrders

_LOGGER: Final = logging.getLogger(__name__)

BATCH: Final = 200
BATCH_BYTES: Final = 2**19
QUIET: Final = 600.0
"""How long to wait for something to say before looking what became of what was said."""

_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 900.0
_GATHERING: Final = 0.5
"""Devices close their intervals one shortly after the other: they share a request."""
_DRAWN: Final = SystemRandom()


type OnProof = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Trust:
    """What a node's words are checked with."""

    node_key: bytes
    origin: str
    log: VerifierKey


class Delivery:
    """Keeps up with the outbox for as long as it runs; a node that is away costs nothing."""

    def __init__(
        self,
        attestation: Attestation,
        node: MemberNode,
        trust: Trust,
        orders: WaitingOrders,
        owner: Owner,
    ) -> None:
        """Begin with nothing known of what the node holds."""
        self.is_connected = False
        self._attestation = attestation
        self._node = node
        self._trust = trust
        self._orders = orders
        self._owner = owner
        self._reconciliation = Reconciliation(attestation, node, owner)
        self._wanted = asyncio.Event()
        self._on_proof: OnProof = _nobody_compares
        attestation.listen(self.wake)

    def compare_proofs(self, compare: OnProof) -> None:
        """Have each proof compared with what was seen of the log before."""
        self._on_proof = compare

    def wake(self) -> None:
        """Say that there is something to deliver."""
        self._wanted.set()

    def take_over(self) -> None:
        """Take the owner's word that this home is the one that speaks from now on."""
        self._reconciliation.take_over()
        self.wake()

    async def run(self) -> None:
        """Deliver for ever; what goes wrong is tried again, less and less often."""
        failures = 0
        while True:
            self._wanted.clear()
            try:
                await self.deliver()
            except (NodeError, JournalError) as error:
                self._note_lost(error)
                failures += 1
                await asyncio.sleep(pause_after(failures, error))
                continue
            self._note_connected()
            failures = 0
            try:
                async with asyncio.timeout(QUIET):
                    await self._wanted.wait()
                await asyncio.sleep(_GATHERING)
            except TimeoutError:
                pass

    async def deliver(self) -> None:
        """Deliver all that waits, and look what became of what was delivered."""
        await self.log_in()
        await self._reconciliation.begin()
        await self._sign_orders()
        await self._send_all()
        await self._reconciliation.finish()
        await self._send_all()
        await self._prove()
        self._owner.withdraw(Trouble.KEY_REFUSED)
        self._owner.withdraw(Trouble.NODE_DISTRUSTED)

    async def log_in(self) -> None:
        """Show who this is, with the newest of its keys that the node knows."""
        if self._node.is_logged_in:
            return
        refused: NodeRefusedError | None = None
        for key in self._attestation.keys:
            try:
                await self._node.log_in(key.seed)
            except NodeRefusedError as error:
                refused = error
            else:
                await self._attestation.async_heed_key(key.public)
                return
        if refused is not None:
            self._owner.tell(Trouble.KEY_REFUSED)
            raise refused

    async def _sign_orders(self) -> None:
        """Sign the orders that have waited for a node that can hear them."""
        if "trading" in await self._attestation.async_held():
            return
        dropped = self._orders.drop_late(now())
        if dropped:
            _LOGGER.info("Orders whose gate passed before the node could be reached: %s", dropped)
        for order in self._orders.take():
            await self._attestation.async_record(order)

    async def _send_all(self) -> None:
        """Send batches of both streams in turn, until neither goes on."""
        going = True
        while going:
            going = False
            # Orders are in a hurry, readings are not.
            for stream in reversed(STREAMS):
                going |= await self._send_batch(stream)

    async def _send_batch(self, stream: Stream) -> bool:
        """Send what comes next in a stream; tell whether more may go."""
        batch = await self._attestation.async_ask(lambda outbox: _next_batch(outbox, stream))
        if not batch:
            return False
        answers = await self._node.node.send([wire for _, wire in batch])
        places = [place for place, _ in batch]
        receipts: list[Receipt] = []
        problem: Problem | None = None
        for answer in answers:
            if isinstance(answer, Problem):
                problem = answer
                break
            receipts.append(answer)
        taken = places[: len(receipts)]
        await self._keep(taken, receipts)
        if problem is None:
            return True
        return await self._reconciliation.answer(stream, places[len(taken)], problem)

    async def _keep(self, places: Sequence[Place], receipts: Sequence[Receipt]) -> None:
        """Check receipts, and keep those that hold."""
        try:
            await asyncio.to_thread(_check_receipts, places, receipts, self._trust)
        except ReceiptError as error:
            self._owner.tell(Trouble.NODE_DISTRUSTED)
            raise UnprovenWordError(f"a receipt of the node does not hold: {error}") from error
        await self._attestation.async_ask(lambda outbox: outbox.keep_receipts(receipts))
        if any(place.kind == KeyChange.KIND for place in places):
            self._node.log_out()
            await self.log_in()

    async def _prove(self) -> None:
        """See the newest of each chain in the log, and forget what was long there."""
        for place in await self._attestation.async_ask(Outbox.unproven):
            try:
                proof = await fetch_proof(self._node, place, self._trust.log)
            except NodeRefusedError as error:
                _LOGGER.debug("No proof of %s yet: %s", place.head, error)
                continue
            except UnprovenWordError:
                self._owner.tell(Trouble.NODE_DISTRUSTED)
                raise
            await self._attestation.async_ask(partial(_keep_proof, place, proof))
            await self._on_proof(proof)
        await self._attestation.async_ask(lambda outbox: outbox.forget(now()))

    def _note_lost(self, error: Exception) -> None:
        if self.is_connected:
            _LOGGER.info("Statements do not reach the co-op's node for now: %s", error)
        else:
            _LOGGER.debug("Statements still do not reach the co-op's node: %s", error)
        self.is_connected = False

    def _note_connected(self) -> None:
        if not self.is_connected:
            _LOGGER.info("Statements reach the co-op's node")
        self.is_connected = True


async def _nobody_compares(_: bytes) -> None:
    """Compare nothing."""


def _next_batch(outbox: Outbox, stream: Stream) -> list[tuple[Place, bytes]]:
    """Return what is sent next, as much as goes into one request."""
    if stream in outbox.state.held:
        return []
    # Before the node knows of a new key, it takes nothing that was signed with it.
    change = next((one for one in outbox.waiting("trading") if one.kind == KeyChange.KIND), None)
    batch: list[tuple[Place, bytes]] = []
    size = 0
    for place in outbox.waiting(stream)[:BATCH]:
        is_after = change is not None and place.number > change.number
        size += place.length
        if is_after or (batch and size > BATCH_BYTES):
            break
        batch.append((place, outbox.wire(place)))
    return batch


def _keep_proof(place: Place, proof: bytes, outbox: Outbox) -> None:
    outbox.keep_proof(place, proof, now())


def _check_receipts(places: Sequence[Place], receipts: Sequence[Receipt], trust: Trust) -> None:
    for place, receipt in zip(places, receipts, strict=True):
        if (receipt.statement, receipt.origin) != (place.head.hash, trust.origin):
            msg = "it is for another statement, or of another log"
            raise ReceiptError(msg)
        receipt.verify(trust.node_key)


def pause_after(failures: int, error: Exception) -> float:
    """Return how long to wait: ever longer, and never all homes at the same moment."""
    if isinstance(error, NodeAwayError) and error.retry_after is not None and failures == 1:
        return error.retry_after + _DRAWN.uniform(0, 1)
    longest = min(_FIRST_PAUSE * 2 ** min(failures - 1, 16), _LONGEST_PAUSE)
    return _DRAWN.uniform(longest / 2, longest)


def now() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000
