"""`settlement-node veto`: stop another key of the node's, before it counts."""

import re
from pathlib import Path

import click

from depin_protocol.identifiers import HASH_PATTERN
from depin_protocol.statements.membership import Veto
from settlement_node.commands.common import coop_option, data_option, folder_at, run
from settlement_node.commands.local_node import Operator, operator
from settlement_node.commands.moments import written
from settlement_node.hosting.folder import NodeFolder


@click.command(context_settings={"ignore_unknown_options": True})
@data_option
@coop_option
@click.argument("decision", required=False)
def veto(path: Path, coop: str | None, decision: str | None) -> None:
    """Stop, as operator, the change of a key that DECISION announced; without it, list them."""
    if decision is not None and not re.fullmatch(HASH_PATTERN, decision):
        raise click.ClickException("DECISION is one that `settlement-node veto` lists")
    for line in run(_veto(folder_at(path), coop, decision)):
        click.echo(line)


async def _veto(node: NodeFolder, coop: str | None, decision: str | None) -> list[str]:
    async with operator(node, node.choose(coop)) as speaker:
        if decision is None:
            return await _announced(speaker)
        await speaker.tell(Veto(decision))
        return ["done: it stands in the log"]


async def _announced(speaker: Operator) -> list[str]:
    """Go through what the operator was told, for what is announced and has not ended."""
    found: dict[str, str] = {}
    after = 0
    path = f"/v1/coops/{speaker.coop}/members/{speaker.member}/events"
    while events := await speaker.ask(f"{path}?after={after}&limit=200"):
        after = events[-1]["id"]
        for data in (event["data"] for event in events if event["kind"] == "key"):
            if "effective" in data:
                use = data.get("use", "member")
                found[data["decision"]] = f"{use:8}  counts from {written(data['effective'])}"
            found.pop(data.get("ends", ""), None)
    listed = [f"{name}  {what}" for name, what in found.items()]
    return listed or ["no change of a key is announced"]
