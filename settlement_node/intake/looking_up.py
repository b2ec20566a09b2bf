"""Fetches the older hashes that statements name, before it is decided on them."""

import asyncio
from collections.abc import Iterable, Iterator

from depin_protocol.problems import RefusedError
from settlement_node.intake.checking import Checked, FindMember
from settlement_node.intake.streams import STATEMENT, Place, named_places
from settlement_node.log.entries import StatementEntry, read_entry
from settlement_node.log.reading import entry_at
from settlement_node.store.port import View


async def look_up(checked: Iterable[Checked], find: FindMember, store: View) -> None:
    """Bring near what the store holds of the places that these statements name."""
    lacking = {place for one in checked for place in _below_heads(one, find)}
    if not lacking:
        return
    places = sorted(lacking)
    hashes = await asyncio.gather(*(_hash_at(place, find, store) for place in places))
    for place, held in zip(places, hashes, strict=True):
        member = find(place.member)
        if member is not None:
            member.streams[place.stream].remember(place.chain, place.seq, held)


async def index_of(place: Place, find: FindMember, view: View) -> int | None:
    """Return where in the log the statement at a place stands."""
    member = find(place.member)
    key = None if member is None else member.streams[place.stream].row_key(place.chain, place.seq)
    row = None if key is None else await view.get(STATEMENT, key)
    return None if row is None else int(row[2])


async def _hash_at(place: Place, find: FindMember, view: View) -> str | None:
    index = await index_of(place, find, view)
    written = None if index is None else await entry_at(view, index)
    entry = None if written is None else read_entry(written)
    return entry.hash if isinstance(entry, StatementEntry) else None


def forget(checked: Iterable[Checked], find: FindMember) -> None:
    """Let go of what was brought near."""
    for name in {one.envelope.header.member for one in checked}:
        member = find(name)
        if member is not None:
            for stream in member.streams.values():
                stream.forget()


def _below_heads(checked: Checked, find: FindMember) -> Iterator[Place]:
    header = checked.envelope.header
    member = find(header.member)
    if member is None:
        return
    if member.streams[header.stream].lacks(header.chain, header.seq):
        yield Place(member.id, header.stream, header.chain, header.seq)
    if isinstance(checked.found, RefusedError):
        return
    for stream, head in named_places(checked.found):
        if member.streams[stream].lacks(head.chain, head.seq):
            yield Place(member.id, stream, head.chain, head.seq)
