"""The configuration of a home that nobody has moved into yet."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"

_INTEGRATION = Path(__file__).parents[2] / "custom_components" / "depin"

# Not default_config: what it brings besides these needs the internet or a compiler.
_CONFIGURATION = """\
homeassistant:
  name: Sunny Street
  latitude: 48.2
  longitude: 16.37
  elevation: 190
  time_zone: Europe/Vienna
  country: AT
  currency: EUR
config:
energy:
frontend:
history:
logbook:
logger:
  logs:
    # Of cameras, which the demo has none of.
    haffmpeg.tools: critical
    homeassistant.components.camera.img_util: critical
"""
# Home Assistant's page waits for all base components, and one of them imports these two, which
# have no wheels. They clean up what a microphone hears; the demo has none.
_VOICE = {
    "pymicro_vad.py": "class MicroVad: ...\n",
    "pyspeex_noise.py": "class AudioProcessor: ...\n",
}
# The steps that follow the owner's account ask for the internet.
_ONBOARDED = {"done": ["core_config", "analytics", "integration"]}


def furnish(folder: Path, port: int) -> None:
    """Fill an empty folder with a configuration and the integration."""
    (folder / "configuration.yaml").write_text(_CONFIGURATION)
    for name, stand_in in _VOICE.items():
        (folder / name).write_text(stand_in)
    # In YAML the port would be on trial: a dialog before every page, and undone in 5 minutes.
    _store(folder, "http", 1, {"server_host": [HOST], "server_port": port})
    _store(folder, "onboarding", 4, _ONBOARDED)
    (folder / "www").mkdir()
    (folder / "www" / door_sign(folder)).touch()
    components = folder / "custom_components"
    shutil.copytree(
        _INTEGRATION, components / "depin", ignore=shutil.ignore_patterns("__pycache__")
    )
    # Without it, the repository's folder of this name would come first.
    (components / "__init__.py").touch()


def door_sign(folder: Path) -> str:
    """Return the name of a file that this home alone shows to everybody."""
    return f"{folder.name}.txt"


def _store(folder: Path, key: str, version: int, data: Mapping[str, object]) -> None:
    path = folder / ".storage" / key
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": version, "key": key, "data": data}))
