"""Founding a log that succeeds one of which nobody can give back a part."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from depin_protocol.events import EventKind
from depin_protocol.keys import public_key
from depin_protocol.log.entries import SALT_LENGTH
from settlement_node.coop.events import EVENT, Events
from settlement_node.coop.state import CoopState
from settlement_node.coop.trust import Trust
from settlement_node.coop.writer import Surroundings
from settlement_node.governance.facts import Facts, Previous
from settlement_node.governance.member import Standing
from settlement_node.intake.said import Telling
from settlement_node.intake.streams import ENDED
from settlement_node.keeping.succession import next_origin, succeeding
from settlement_node.ledger.beginning import BEGINNING
from settlement_node.ledger.passing_on import passed_on
from settlement_node.ledger.tables import TRANSFER
from settlement_node.log.checkpoints import Checkpoints
from settlement_node.log.entries import DecisionError
from settlement_node.store.port import Store
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Clear


class NoSuccessionError(Exception):
    """The log can't be succeeded by another; the message says why."""


async def succeed(
    store: Store,
    seeds: Sequence[bytes],
    around: Surroundings,
    archive: Callable[[str], Awaitable[None]],
) -> Facts:
    """Go on in a new log, by an operator's key; the old one, by its origin, is archived first.

    All members, keys, chains and accounts go on as they are held, and what was booked for a bank's
    line or by an operator stays known, so that nothing is booked twice. The store then holds the
    new log alone, or, cut short, the old one.
    """
    state = await CoopState.load(store)
    trust = await Trust.load(store, state)
    if trust.lost is None:
        raise NoSuccessionError(
            "nothing of the log is known to be lost: show the node the largest checkpoint first"
        )
    shown, note = trust.lost
    old = state.community.facts
    previous = Previous(old.origin, state.sequence.head(), shown.tree, trust.is_forked)
    facts = replace(old, origin=next_origin(old.origin), previous=previous)
    operator, seed = _operator(state, seeds)
    rows = [one for one in state.rows() if one[0] not in {TRANSFER, BEGINNING}]
    rows += await passed_on(store)
    rows += [(ENDED, row) async for row in every_row(store, ENDED)]
    decision = succeeding(facts, rows, note, operator, seed)
    at = max(around.clock(), state.at)
    salts = [around.randomness(SALT_LENGTH) for _ in decision.lines]
    entry, body = decision.written(at, salts)
    successor = CoopState()
    try:
        effects = await successor.succeed(at, decision, entry, body)
    except DecisionError as error:
        raise NoSuccessionError(f"the log cannot be succeeded: {error}") from None
    await archive(old.origin)
    events = Events(store, around.settings.events_kept)
    await events.load(successor.community.members)
    checkpoints = Checkpoints(facts.origin, around.settings.checkpoint_after)
    head = successor.sequence.head()
    _, signed = checkpoints.sign(head, around.keyring.seed(facts.log_key), at)
    await store.commit(
        [
            *(Clear(table) for table in await store.tables() if table.name != EVENT.name),
            *effects.changes,
            *successor.take_changes(),
            events.rows(_tellings(successor, facts), at),
            events.expired(),
            signed,
        ]
    )
    return facts


def _operator(state: CoopState, seeds: Sequence[bytes]) -> tuple[str, bytes]:
    """Find whose newest key is among these."""
    of_key = {state.community.members[one].key: one for one in state.community.operators()}
    for seed in seeds:
        if (name := of_key.get(public_key(seed))) is not None:
            return name, seed
    raise NoSuccessionError("no operator's newest key is among the key files: put it there")


def _tellings(state: CoopState, facts: Facts) -> list[Telling]:
    data: dict[str, object] = {"kind": "successor", "origin": facts.origin}
    if facts.previous is not None:
        data["previous"] = facts.previous.to_json()
    return [
        Telling(name, EventKind.NOTICE, data)
        for name, member in state.community.members.items()
        if member.standing is not Standing.LEFT
    ]
