"""Homes in a real Home Assistant that are members of a co-op whose real node runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant

from custom_components.depin.const import DOMAIN
from custom_components.depin.membership import DepinConfigEntry
from custom_components.depin.protocol.invite import parse_invite
from custom_components.depin.protocol.rules.market_rules import MarketRules
from tests.system.node_process import command, running


@dataclass(frozen=True, slots=True)
class Street:
    """A co-op, where its node's files are, and where it listens."""

    folder: Path
    port: int

    async def join(self, hass: HomeAssistant, *, on_paper: bool = False) -> DepinConfigEntry:
        """Let this Home Assistant's home become a member, or try first what it would be."""
        invite = parse_invite(command("invite", "--data", self.folder))
        text = str(replace(invite, address=f"http://127.0.0.1:{self.port}"))
        flow = hass.config_entries.flow
        form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        form = await flow.async_configure(form["flow_id"], {"invite": text})
        name = f"Haus {invite.code.hex()[:6]}"
        chosen = {"name": name, "on_paper": on_paper}
        joined: Any = await flow.async_configure(form["flow_id"], chosen)
        await hass.async_block_till_done()
        entry: DepinConfigEntry = joined["result"]
        return entry


@contextmanager
def street(folder: Path, rules: MarketRules) -> Iterator[Street]:
    """Run a co-op with one market."""
    node, file = folder / "node", folder / "rules.json"
    file.write_text(json.dumps(rules.to_json()))
    command(
        *("init", "--data", node, "--name", "Hof", "--currency", "EUR"),
        *("--address", "http://127.0.0.1:8480", "--rules", file, "--yes"),
    )
    with running(node) as (port, _):
        yield Street(node, port)
