"""`settlement-node regain`: give a restored node what others still hold of its log."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import click

from depin_protocol.frames import pack
from depin_protocol.log.errors import LogError
from depin_protocol.log.notes import VerifierKey
from depin_protocol.log.tiles import WIDTH, decode_bundle, new_bundles
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.far_node import Mirror, NodeAddress, mirror
from settlement_node.commands.local_node import LocalNodeError, operator
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.log.checkpoints import verified
from settlement_node.log.reading import portions
from settlement_node.store.opening import open_store

_STILL_MISSING: Final = 3
"""The exit code where others have to give more; 1 and 2 are errors."""

_OCTETS: Final = "application/octet-stream"
_MOST_NOTE: Final = 2**17
_MOST_BUNDLE: Final = WIDTH * 2**16 + 2**10


@click.command()
@data_option
@coop_option
@click.option(
    "--from",
    "url",
    required=True,
    type=NodeAddress(),
    help="Where a mirror has the log: the address below which its `checkpoint` lies.",
)
@click.option(
    "--copy",
    "copied",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder that an auditor made with `settlement-node copy`.",
)
def regain(path: Path, coop: str | None, url: str, copied: Path | None) -> None:
    """Take the log's entries from any mirror, and bodies from an auditor's copy.

    Nothing is believed: entries have to lead to a checkpoint that the log's key signed, bodies to
    their entries. Let the node run meanwhile: homes then bring what the copy lacks. While something
    is missing still, the exit code is 3.
    """
    theirs = None if copied is None else folder_at(copied)
    standing = run(_regained(folder_at(path), coop, url, theirs))
    click.echo(f"{standing['entries']} entries are here")
    if standing["missing"] is not None:
        click.echo(f"still missing: {standing['missing']}")
        sys.exit(_STILL_MISSING)
    elif standing["read_only"] is not None:
        click.echo(
            "nothing that this mirror has is missing: `settlement-node resume --checkpoint FILE`"
            " goes on, with the largest checkpoint that anybody holds"
        )


async def _regained(
    node: NodeFolder, coop: str | None, url: str, theirs: NodeFolder | None
) -> dict[str, Any]:
    folder = node.choose(coop)
    async with operator(node, folder) as speaker, mirror(url) as source:
        path = f"/v1/coops/{speaker.coop}"
        key = VerifierKey.parse((await speaker.ask(path))["log_key"])
        note = await source.read("checkpoint", _MOST_NOTE)
        try:
            size = verified(note, key).tree.size
            standing = await speaker.send(f"{path}/checkpoints", note, "text/plain")
            start = standing["entries"]
            async for first, entries in _entries(source, start, size):
                place = f"{path}/entries?start={first}"
                standing = await speaker.send(place, pack(entries), _OCTETS)
        except LogError as error:
            raise LocalNodeError(f"{url} is no mirror of this log: {error}") from None
        if theirs is not None:
            async for body in _bodies(theirs.choose(speaker.coop), start, size):
                standing = await speaker.send(f"{path}/bodies", body, _OCTETS)
        return dict(standing)


async def _entries(source: Mirror, start: int, end: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    for bundle in new_bundles(start, max(start, end)):
        entries = decode_bundle(await source.read(bundle.path, _MOST_BUNDLE), bundle.width)
        first = bundle.index * WIDTH
        yield max(first, start), entries[max(0, start - first) :]


async def _bodies(folder: CoopFolder, start: int, end: int) -> AsyncIterator[bytes]:
    """Give the bodies of a copy, those of a portion last first: the node then takes it at once."""
    store = await open_store(folder.books, folder.coop)
    try:
        async for _, portion in portions(store, start, end):
            for one in reversed(portion):
                if one.body:
                    yield one.body
    finally:
        await store.close()
