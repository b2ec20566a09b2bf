"""`settlement-node operator-key`: another key for the operator that commands speak for."""

import secrets
from pathlib import Path

import click

from depin_protocol.encoding import to_text
from depin_protocol.keys import fingerprint, public_key
from depin_protocol.statements.membership import prove_possession
from settlement_node.commands.common import chosen, coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import operator
from settlement_node.hosting.clock import now
from settlement_node.hosting.folder import OPERATOR, SEED_LENGTH, CoopFolder, NodeFolder


@click.command("operator-key")
@data_option
@coop_option
@click.option("--lost", is_flag=True, help="The old key is gone: another operator announces it.")
def operator_key(path: Path, coop: str | None, *, lost: bool) -> None:
    """Make another key for this folder's operator; the old one hands over to it at once."""
    node = folder_at(path)
    folder = chosen(node, coop)
    seed = secrets.token_bytes(SEED_LENGTH)
    # The file first: a key that counts and is then lost would shut the operator out.
    file = folder.add_key(f"{OPERATOR}-{now()}", seed)
    if lost:
        _show_for_others(folder, seed)
    else:
        run(_hand_over(node, folder, seed))
        click.echo(f"the operator's key is {fingerprint(public_key(seed))} now")
    click.echo(f"Keep a copy of {file}.")


async def _hand_over(node: NodeFolder, folder: CoopFolder, seed: bytes) -> None:
    async with operator(node, folder) as speaker:
        await speaker.change_key(seed)


def _show_for_others(folder: CoopFolder, seed: bytes) -> None:
    described, key = folder.description, public_key(seed)
    possession = to_text(prove_possession(seed, described.coop, described.operator, key))
    click.echo("Another operator gives, and after 7 days without veto the key counts:")
    click.echo(
        f"  settlement-node member replace-key {described.operator}"
        f" --key={to_text(key)} --possession={possession} --reason ..."
    )
