"""`settlement-node node-key`: announce another key of the node's own."""

import secrets
from pathlib import Path

import click

from depin_protocol.keys import fingerprint, public_key
from depin_protocol.statements.membership import prove_possession
from settlement_node.commands.common import coop_option, data_option, folder_at, reason_option, run
from settlement_node.commands.local_node import operator
from settlement_node.governance.actions import NODE_KEY_USES, ReplaceNodeKey
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import SEED_LENGTH, NodeFolder


@click.command("node-key")
@data_option
@coop_option
@click.option("--use", type=click.Choice(sorted(NODE_KEY_USES)), required=True)
@reason_option
def node_key(path: Path, coop: str | None, use: str, reason: str) -> None:
    """Make another key for the log or the receipts; it counts after 7 days without veto.

    A node that runs has to be started anew before then, so that it has the key.
    """
    run(_announce(folder_at(path), coop, use, reason))


async def _announce(node: NodeFolder, coop: str | None, use: str, reason: str) -> None:
    folder = node.choose(coop)
    folder.check_own()
    seed = secrets.token_bytes(SEED_LENGTH)
    public = public_key(seed)
    # The file first: a key that is announced and then lost would stop the co-op.
    file = folder.add_key(f"{use}-{now()}", seed)
    name = folder.description.coop
    action = ReplaceNodeKey(use, public, prove_possession(seed, name, name, public))
    async with operator(node, folder) as speaker:
        await speaker.act(action, reason)
    click.echo(f"announced: {fingerprint(public)}")
    click.echo(f"Keep a copy of {file}, and start the node anew within 7 days.")
