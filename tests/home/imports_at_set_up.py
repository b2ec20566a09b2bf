"""Print the libraries that have to wait and are imported: at set-up, or with a given module."""

import asyncio
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final, override

from homeassistant import bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

_REPOSITORY: Final = Path(__file__).parents[2]
_FOLDER: Final = _REPOSITORY / "custom_components" / "depin"
_LATER: Final = frozenset({"aiomqtt", "modbus_connection", "numpy"})


class _Watch(MetaPathFinder):
    """Notes the libraries that have to wait and are imported from within the integration."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.seen: set[str] = set()

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find nothing, but look who asks."""
        asking = (Path(frame.filename) for frame in traceback.extract_stack())
        if fullname in _LATER and any(file.is_relative_to(_FOLDER) for file in asking):
            self.seen.add(fullname)
        return None


async def _set_up(config: str, invite: str) -> None:
    """Take an invite in a Home Assistant that has nothing else, and load every platform."""
    hass = HomeAssistant(config)
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    # Every Home Assistant has it; who opens a connection asks it for addresses.
    await async_setup_component(hass, "network", {})
    flows = hass.config_entries.flow
    form = await flows.async_init("depin", context={"source": SOURCE_USER})
    await flows.async_configure(form["flow_id"], {"invite": invite})
    result = await flows.async_configure(form["flow_id"], {"name": "Haus 7"})
    await hass.async_block_till_done()
    if result["result"].state is not ConfigEntryState.LOADED:
        sys.exit(f"not loaded: {result['result'].reason}")
    await hass.async_stop(force=True)


def main(subject: str) -> None:
    """Watch what a set-up with an invite imports, or a module by its name."""
    watch = _Watch()
    # What Home Assistant itself has loaded must be asked for again to be seen.
    for name in [name for name in sys.modules if name.partition(".")[0] in _LATER]:
        del sys.modules[name]
    sys.path.insert(0, str(_REPOSITORY))
    sys.meta_path.insert(0, watch)
    if subject.startswith("depin1."):
        with tempfile.TemporaryDirectory() as config:
            asyncio.run(_set_up(config, subject))
    else:
        import_module(subject)
    sys.stdout.write(" ".join(sorted(watch.seen)))


if __name__ == "__main__":
    main(sys.argv[1])
