"""Requests drawn from the description: every answer is as described, and none is an accident."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from settlement_node.governance.member import Role
from tests.node.api.conftest import UNLIMITED, running_node

EXAMPLES = os.environ.get("DEPIN_DRAWN_REQUESTS", "5")
"""Requests for each operation and way of drawing; the long hunt wants thousands."""

# What is signed cannot be described, so these may refuse what the description allows.
SETTINGS = """
[[operations]]
include-path-regex = "/(statements|checkpoints|tokens|challenges|members|entries|bodies)$"
checks.positive_data_acceptance.expected-statuses = [200, 201, 400, 401, 403, 404, 409, 422]
"""


@pytest.mark.parametrize("asks_as", ["nobody", "operator"])
def test_every_answer_is_as_described(tmp_path: Path, asks_as: str) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    with running_node(tmp_path / "node", UNLIMITED) as node:
        home = node.welcome(Role.OPERATOR)
        # A stream of events has no end, so only its refusal can be looked at here.
        authorized = (
            ("-H", f"Authorization: {home.token(node.port)}", "--exclude-path-regex", "stream$")
            if asks_as == "operator"
            else ()
        )
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", settings, "run"),
                *(f"http://127.0.0.1:{node.port}/openapi.json", "--checks", "all"),
                *("--max-examples", EXAMPLES, "--suppress-health-check", "all"),
                *("--generation-database", "none", "--warnings", "off", "--no-color"),
                *authorized,
            ],
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "tests.node.api.drawn_contents",
                "PYTHONPATH": str(Path(__file__).parents[3]),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr
