"""Fetches the older hashes that statements name, before it is decided on them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from depin_protocol.encoding import to_text
from depin_protocol.statements.bodies import Stream
from depin_protocol.statements.envelope import Statement
from settlement_node.governance.member import Member
from settlement_node.intake.streams import STATEMENT, Place, wanted_places
from settlement_node.store.port import View


async def look_up(
    statements: Iterable[Statement], find: Callable[[str], Member | None], store: View
) -> None:
    """Bring near what the store holds of the places that these statements name."""
    lacking = {
        Place(member.id, stream, chain, seq)
        for statement in statements
        if (member := find(statement.header.member)) is not None
        for stream, chain, seq in _named_below_heads(statement, member)
    }
    if not lacking:
        return
    places = sorted(lacking)
    rows = await asyncio.gather(*(store.get(STATEMENT, place.key()) for place in places))
    for place, row in zip(places, rows, strict=True):
        member = find(place.member)
        if member is not None and row is not None and isinstance(row[4], bytes):
            member.streams[place.stream].remember(place.chain, place.seq, to_text(row[4]))


def forget(statements: Iterable[Statement], find: Callable[[str], Member | None]) -> None:
    """Let go of what was brought near."""
    for name in {statement.header.member for statement in statements}:
        member = find(name)
        if member is not None:
            for stream in member.streams.values():
                stream.forget()


def _named_below_heads(statement: Statement, member: Member) -> Iterator[tuple[Stream, str, int]]:
    for stream, chain, seq in wanted_places(statement):
        if member.streams[stream].lacks(chain, seq):
            yield stream, chain, seq
