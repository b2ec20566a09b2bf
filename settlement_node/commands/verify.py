"""`settlement-node verify`: check everything against the log, from its first entry."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from depin_protocol.log.checkpoint import Checkpoint, open_checkpoint
from depin_protocol.log.errors import LogError
from depin_protocol.log.notes import Note
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import is_running, operator
from settlement_node.governance.facts import FACTS, FACTS_KEY, Facts
from settlement_node.hosting.archives import archive_file
from settlement_node.hosting.folder import CoopFolder, FolderError, NodeFolder
from settlement_node.log.sealed import as_kept
from settlement_node.replay.verify import CheckpointError, Verified
from settlement_node.replay.verify import verify as follow
from settlement_node.store.opening import Place, open_store, restore_into
from settlement_node.store.port import Store


@click.command()
@data_option
@coop_option
@click.option(
    "--checkpoint",
    "trusted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint from somewhere else, which this log has to lead to.",
)
@click.option(
    "--trusted",
    "believed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same, and believed: follow the log from the last state root under it.",
)
@click.option(
    "--previous",
    type=click.IntRange(min=1),
    metavar="N",
    help="Follow the co-op's log of this number, which another has succeeded; 1 is its first.",
)
def verify(
    path: Path,
    coop: str | None,
    trusted: Path | None,
    believed: Path | None,
    previous: int | None,
) -> None:
    """Follow the log and compare what follows from it; name the first thing that does not.

    It begins with the first entry, or at the state root below which bodies were erased: receipts,
    ended chains, transfers and accounts' histories of the entries before that root are not
    compared. A node that runs is asked for a copy of its books, and goes on; it must not run for an
    earlier log.
    """
    if trusted is not None and believed is not None:
        raise click.UsageError("--checkpoint and --trusted are not for one run")
    file = believed or trusted
    begin_there = believed is not None
    node = folder_at(path)
    if previous is None:
        checked = run(verified(node, coop, file, begin_there=begin_there))
    else:
        checked = run(_verified_before(node, coop, previous, file, begin_there=begin_there))
    click.echo(f"{checked.entries} entries and {checked.checkpoints} checkpoints: all follows")
    if checked.signed < checked.entries:
        click.echo(
            f"the newest checkpoint has {checked.signed} entries: no signature is kept for the"
            " others yet, unless the row of a newer one was deleted; a node signs within 5 s"
        )
    if checked.start:
        click.echo(
            f"followed from the state root at entry {checked.start}; of the entries before it"
            f" {checked.erased} have no body any more"
        )
        click.echo(
            "not compared: receipts, ended chains, transfers and accounts' histories of the entries"
            " before it"
        )
    if checked.regained:
        click.echo(f"{checked.regained} statements were regained, and their receipts are elsewhere")


async def verified(
    node: NodeFolder, coop: str | None, trusted: Path | None = None, *, begin_there: bool = False
) -> Verified:
    """Verify a co-op's books where they lie, or a copy if a node runs on them."""
    folder = node.choose(coop)
    if not await is_running(node):
        return await _verified_at(folder.books, folder, trusted, begin_there=begin_there)
    with TemporaryDirectory(prefix="settlement-node-") as copy:
        file, books = Path(copy) / "backup", Path(copy) / "books"
        async with operator(node, folder) as speaker:
            await speaker.download_backup(file)
        await restore_into(books, file)
        return await _verified_at(books, folder, trusted, begin_there=begin_there)


async def _verified_before(
    node: NodeFolder, coop: str | None, number: int, trusted: Path | None, *, begin_there: bool
) -> Verified:
    """Verify one of a co-op's earlier logs, which nothing alters any more."""
    folder = node.choose(coop)
    file = archive_file(folder, number)
    if not file.exists():
        raise FolderError(f"{folder.description.name} has no earlier log of the number {number}")
    return await _verified_at(file, folder, trusted, begin_there=begin_there)


async def _verified_at(
    place: Place, folder: CoopFolder, trusted: Path | None, *, begin_there: bool
) -> Verified:
    store = await open_store(place, folder.coop)
    try:
        await store.check()
        checkpoint = None if trusted is None else await _read(trusted, store)
        return await follow(store, checkpoint, begin_there=begin_there)
    finally:
        await store.close()


async def _read(file: Path, store: Store) -> Checkpoint:
    row = await store.get(FACTS, FACTS_KEY)
    if row is None:
        raise FolderError("the books hold no co-op: they need `settlement-node rebuild`")
    with as_kept():
        facts = Facts.read_row(row)
    try:
        note = Note.parse(file.read_bytes())  # noqa: ASYNC240 - nothing else waits here
        return open_checkpoint(note, facts.log_verifier())
    except LogError as error:
        raise CheckpointError(f"{file} is no checkpoint of this log: {error}") from None
