"""Fetches the ended chains and older hashes that statements name, before it is decided on them."""

import asyncio
from collections.abc import Iterable, Iterator

from depin_protocol.encoding import EncodingError
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.problems import RefusedError
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.fields import BodyError
from settlement_node.intake.checking import Checked
from settlement_node.intake.speaker import FindSpeaker, Speaker
from settlement_node.intake.streams import (
    CHAIN,
    ENDED,
    STATEMENT,
    Chain,
    Place,
    chain_key,
    named_places,
    read_chain_row,
)
from settlement_node.log.reading import entry_at
from settlement_node.log.sealed import DamagedLogError, as_kept
from settlement_node.store.port import View


async def look_up(checked: Iterable[Checked], find: FindSpeaker, store: View, size: int) -> None:
    """Bring near what the store holds of the places that these statements name.

    The log has `size` entries; chains that a later one ends, which a replay can see, have not.
    """
    named = {
        place: member
        for one in checked
        for place, member in _named(one, find)
        if member.streams[place.stream].lacks_any(place.chain, place.seq)
    }
    if not named:
        return
    await _look_up_chains(named, store, size)
    lacking = {
        place: member
        for place, member in named.items()
        if member.streams[place.stream].lacks(place.chain, place.seq)
    }
    if not lacking:
        return
    hashes = await asyncio.gather(*(_hash_at(place, find, store) for place in lacking))
    for (place, member), held in zip(lacking.items(), hashes, strict=True):
        member.streams[place.stream].remember(place.chain, place.seq, held)


async def index_of(place: Place, find: FindSpeaker, view: View) -> int | None:
    """Return where in the log the statement at a place stands."""
    opened_at = await opening_of(place.member, place.stream, place.chain, find, view)
    row = None if opened_at is None else await view.get(STATEMENT, (opened_at, place.seq))
    return None if row is None else int(row[2])


async def index_kept(place: Place, view: View) -> int | None:
    """Return the same from rows alone, of a log that never grows again."""
    row = await view.get(CHAIN, chain_key(place.member, place.stream, place.chain))
    with as_kept():
        live = None if row is None else read_chain_row(row)[3]
    held = live or await _ended(place.member, place.stream, place.chain, view)
    said = None if held is None else await view.get(STATEMENT, (held.opened_at, place.seq))
    return None if said is None else int(said[2])


async def opening_of(
    member: str, stream: Stream, chain: str, find: FindSpeaker, view: View
) -> int | None:
    """Return by which number the log knows a chain: the index of its opening."""
    found = find(member)
    if found is None:
        return None
    held = found.streams[stream].at_hand(chain) or await _ended(member, stream, chain, view)
    return None if held is None else held.opened_at


async def _look_up_chains(named: dict[Place, Speaker], store: View, size: int) -> None:
    lacking = {
        (place.stream, place.chain, member.id): member
        for place, member in named.items()
        if member.streams[place.stream].lacks_chain(place.chain)
    }
    if not lacking:
        return
    found = await asyncio.gather(
        *(_ended(member, stream, chain, store) for stream, chain, member in lacking)
    )
    for ((stream, chain, _), member), ended in zip(lacking.items(), found, strict=True):
        is_to_come = ended is not None and ended.ended_at is not None and ended.ended_at >= size
        member.streams[stream].remember_chain(chain, None if is_to_come else ended)


async def _ended(member: str, stream: Stream, chain: str, view: View) -> Chain | None:
    row = await view.get(ENDED, chain_key(member, stream, chain))
    try:
        return None if row is None else read_chain_row(row)[3]
    except (BodyError, EncodingError) as error:
        raise DamagedLogError(
            f"the row of chain {chain} in table {ENDED.name} can't be read ({error}): stop the node"
            " and run `settlement-node rebuild`"
        ) from None


async def _hash_at(place: Place, find: FindSpeaker, view: View) -> str | None:
    index = await index_of(place, find, view)
    written = None if index is None else await entry_at(view, index)
    entry = None if written is None else read_entry(written)
    return entry.hash if isinstance(entry, StatementEntry) else None


def forget(checked: Iterable[Checked], find: FindSpeaker) -> None:
    """Let go of what was brought near."""
    for name in {one.envelope.header.member for one in checked}:
        member = find(name)
        if member is not None:
            for stream in member.streams.values():
                stream.forget()


def _named(checked: Checked, find: FindSpeaker) -> Iterator[tuple[Place, Speaker]]:
    """List the places, its own among them, that decide whether a statement enters."""
    header = checked.envelope.header
    member = find(header.member)
    if member is None:
        return
    yield Place(member.id, header.stream, header.chain, header.seq), member
    if isinstance(checked.found, RefusedError):
        return
    for stream, head in named_places(checked.found):
        yield Place(member.id, stream, head.chain, head.seq), member
