"""`settlement-node copy`: fetch a co-op's books from its node, to follow them elsewhere."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from depin_protocol.identifiers import member_id
from depin_protocol.keys import public_key
from depin_protocol.log.errors import ProofError
from depin_protocol.log.merkle import TreeHead
from settlement_node.commands.common import folder_at, run
from settlement_node.commands.far_node import (
    Caller,
    NodeAddress,
    far_node,
    key_option,
    listed,
    member_option,
)
from settlement_node.commands.local_node import LocalNodeError
from settlement_node.hosting.folder import (
    CoopFolder,
    Description,
    FolderError,
    NodeFolder,
)
from settlement_node.log.checkpoints import Checkpoints
from settlement_node.log.shelf import Shelf
from settlement_node.output import shown
from settlement_node.store.opening import open_store, restore_into


@click.command()
@click.option("--node", "url", required=True, type=NodeAddress(), help="Where the node is.")
@key_option
@member_option
@click.option("--coop", help="Which co-op, by name or identifier, where the node has several.")
@click.option(
    "--into",
    "path",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of copies; a copy that is there is replaced, if the new one leads on from it.",
)
def copy(url: str, key: bytes | None, member: str | None, coop: str | None, path: Path) -> None:
    """Fetch a co-op's books over HTTP as an auditor, for `verify --data` and `state confirm`."""
    if key is None:
        raise click.UsageError("name the auditor's own key file with --key")
    size, folder = run(_copied(Caller(url, key, member), coop, folder_at(path)))
    click.echo(f"{shown(folder.description.name)}: {size} entries under the last checkpoint")
    click.echo(f"nothing is checked yet: settlement-node verify --data {path}")


async def _copied(caller: Caller, coop: str | None, node: NodeFolder) -> tuple[int, CoopFolder]:
    found = await listed(caller.url, coop)
    member = caller.member or member_id(found.coop, public_key(caller.seed))
    folder = _folder(node, Description(found.coop, found.name, caller.url, member, is_copy=True))
    with TemporaryDirectory(dir=folder.path, prefix=".fetched-") as place:
        file, fetched = Path(place) / "backup", Path(place) / "books"
        async with far_node(caller, folder.description.coop) as speaker:
            await speaker.download_backup(file)
        if await restore_into(fetched, file) != folder.coop:
            raise LocalNodeError("the node gave the books of another co-op")
        books = Path(folder.books)
        before = await _head(books, folder) if books.exists() else None  # noqa: ASYNC240
        head = await _head(fetched, folder, before)
        for old in folder.path.glob(f"{books.name}*"):
            old.unlink()
        fetched.rename(books)
    return head.size, folder


def _folder(node: NodeFolder, description: Description) -> CoopFolder:
    """Find or make the folder of a copy; a node's own is none."""
    for folder in node.coops():
        if folder.description.coop == description.coop:
            if not folder.description.is_copy:
                raise FolderError(f"{node.path} is a node's own data: name another folder")
            return folder
    return node.finish(node.begin(description))


async def _head(books: Path, folder: CoopFolder, before: TreeHead | None = None) -> TreeHead:
    """Return the last checkpoint's head; insist that the one before leads to it."""
    store = await open_store(books, folder.coop)
    try:
        checkpoints = Checkpoints("", 0)
        await checkpoints.load(store)
        shelf = Shelf(store, checkpoints)
        if before is not None and before.size and await shelf.head(before.size) != before:
            raise LocalNodeError(_NOT_THE_SAME)
    except ProofError as error:
        raise LocalNodeError(f"{_NOT_THE_SAME} ({error})") from None
    finally:
        await store.close()
    return checkpoints.published


_NOT_THE_SAME = (
    "the copy that is here does not lead to what the node has now: keep it, it is evidence, and"
    " fetch the new one into another folder"
)
