"""The wheel alone, in an environment that was empty, is a whole node."""

import subprocess
import sys
from pathlib import Path

from provision import uv
from tests.node.api.neighbour import ask
from tests.system.node_process import command, running

_REPOSITORY = Path(__file__).parents[2]


def test_a_node_runs_from_its_wheel(tmp_path: Path) -> None:
    tool = uv.find()
    assert tool is not None
    build = (tool, "build", "--wheel", "--no-build-isolation", "--python", sys.executable)
    subprocess.run([*build, "--out-dir", tmp_path, _REPOSITORY], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    environment = tmp_path / "environment"
    subprocess.run([tool, "venv", "--python", sys.executable, environment], check=True)
    locked = ("--constraint", _REPOSITORY / "requirements" / "main.lock")
    install = (tool, "pip", "install", "--python", environment / "bin" / "python", wheel)
    subprocess.run([*install, *locked], check=True, capture_output=True, cwd=tmp_path)

    program = (str(environment / "bin" / "settlement-node"),)
    data = tmp_path / "data"
    command("init", "--data", data, "--name", "Hof", "--currency", "EUR", "--yes", program=program)
    with running(data, program=program) as (port, _):
        assert ask(port, "/openapi.json").status == 200
        assert ask(port, "/healthz").json["coops"] == 1
        assert "depin1." in command("invite", "--data", data, program=program)
    assert "all follows" in command("verify", "--data", data, program=program)
