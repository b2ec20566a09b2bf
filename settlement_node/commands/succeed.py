"""`settlement-node succeed`: go on in a new log where nobody can give back what is lost."""

from pathlib import Path

import click

from settlement_node.commands.common import chosen, coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import LocalNodeError, is_running
from settlement_node.coop.succeeding import NoSuccessionError
from settlement_node.coop.succeeding import succeed as found_successor
from settlement_node.governance.facts import Facts
from settlement_node.hosting.archives import archive, archive_file
from settlement_node.hosting.folder import CoopFolder, NodeFolder
from settlement_node.hosting.hosting import surroundings
from settlement_node.keeping.succession import generation
from settlement_node.store.opening import open_store


@click.command()
@data_option
@coop_option
@click.option("--yes", is_flag=True, help="Ask nothing.")
def succeed(path: Path, coop: str | None, *, yes: bool) -> None:
    """Found a log that succeeds this one, signed with the operator's key.

    The old log is kept as it is and still served, and never grows again. Everything goes on from
    what is held here; homes send again what was lost. The node must not run meanwhile.
    """
    node = folder_at(path)
    folder = chosen(node, coop)
    if not yes:
        click.confirm(
            f"What {folder.description.name} has lost is given up, for good. Go on in a new log?",
            abort=True,
        )
    facts = run(_succeeded(node, folder))
    if facts.previous is not None:
        file = archive_file(folder, generation(facts.previous.origin))
        missing = facts.previous.missing
        without = (
            "the other entries that were signed in the place of some, from nobody knows where on"
            if missing is None
            else f"{missing} entries"
        )
        click.echo(f"the log goes on as {facts.origin}, without {without}")
        click.echo(f"{facts.previous.origin} is kept in {file}")


async def _succeeded(node: NodeFolder, folder: CoopFolder) -> Facts:
    if await is_running(node):
        raise LocalNodeError("a node runs on this folder: stop it first")
    store = await open_store(folder.books, folder.coop)

    async def keep(origin: str) -> None:
        await archive(store, folder, generation(origin))

    try:
        seeds = folder.operator_seeds()
        return await found_successor(store, seeds, surroundings(folder), keep)
    except NoSuccessionError as error:
        raise LocalNodeError(str(error)) from None
    finally:
        await store.close()
