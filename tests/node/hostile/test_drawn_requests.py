"""Requests drawn from the description: every answer is as described, and none is an accident."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from settlement_node.governance.member import Role
from tests.node.hostile.watched import UNLIMITED, Watched, watched

EXAMPLES: Final = int(os.environ.get("DEPIN_DRAWN_REQUESTS", "5"))
"""Requests for each operation and way of drawing; the long hunt wants thousands."""

FEW: Final = 5

GROWTH: Final = 32 * 2**20

LOG: Final = logging.getLogger(__name__)

# What is signed cannot be described, so these may refuse what the description allows.
SETTINGS: Final = """
[[operations]]
include-path-regex = "/(statements|checkpoints|tokens|challenges|members|entries|bodies)$"
checks.positive_data_acceptance.expected-statuses = [200, 201, 400, 401, 403, 404, 409, 422]

# A number that no event has had yet is allowed, and gone.
[[operations]]
include-path-regex = "/events$"
checks.positive_data_acceptance.expected-statuses = [200, 401, 403, 404, 410]
"""


def throw(watch: Watched, folder: Path, examples: int, token: str | None) -> int:
    """Let schemathesis ask, as somebody or as nobody; return how many requests it drew."""
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS)
    # A stream of events has no end, so only its refusal can be looked at here.
    authorized = (
        ("-H", f"Authorization: {token}", "--exclude-path-regex", "stream$") if token else ()
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", settings, "run"),
            *(f"http://127.0.0.1:{watch.node.port}/openapi.json", "--checks", "all"),
            *("--max-examples", str(examples), "--suppress-health-check", "all"),
            *("--generation-database", "none", "--warnings", "off", "--no-color"),
            *authorized,
        ],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.node.hostile.drawn_contents",
            "PYTHONPATH": str(Path(__file__).parents[3]),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    drawn = re.search(r"(\d+) generated, \1 passed", done.stdout)
    assert drawn is not None, done.stdout[-2000:]
    return int(drawn[1])


def test_every_answer_is_as_described(tmp_path: Path) -> None:
    with watched(tmp_path / "node", UNLIMITED) as watch:
        operator = watch.node.welcome(Role.OPERATOR)
        throw(watch, tmp_path, FEW, operator.token(watch.node.port))
        before = watch.resident()
        drawn = throw(watch, tmp_path, EXAMPLES, None)
        drawn += throw(watch, tmp_path, EXAMPLES, operator.token(watch.node.port))
        growth = watch.resident() - before
        LOG.info("%d requests drawn, %d bytes more", drawn, growth)
        assert growth < GROWTH
        assert watch.fetch("/healthz").json["status"] == "ok"
