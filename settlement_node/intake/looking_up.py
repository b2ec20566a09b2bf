"""Fetches the older hashes that statements name, before it is decided on them."""

import asyncio
from collections.abc import Iterable, Iterator

from depin_protocol.encoding import to_text
from depin_protocol.problems import RefusedError
from settlement_node.intake.checking import Checked, FindMember
from settlement_node.intake.streams import STATEMENT, Place, named_places
from settlement_node.store.port import View


async def look_up(checked: Iterable[Checked], find: FindMember, store: View) -> None:
    """Bring near what the store holds of the places that these statements name."""
    lacking = {place for one in checked for place in _below_heads(one, find)}
    if not lacking:
        return
    places = sorted(lacking)
    rows = await asyncio.gather(*(store.get(STATEMENT, place.key()) for place in places))
    for place, row in zip(places, rows, strict=True):
        member = find(place.member)
        if member is not None and row is not None and isinstance(row[4], bytes):
            member.streams[place.stream].remember(place.chain, place.seq, to_text(row[4]))


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
