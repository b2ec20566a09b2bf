"""`settlement-node` itself."""

import tomllib
from pathlib import Path

from click.testing import CliRunner

from settlement_node.cli import main

ROOT = Path(__file__).parents[2]


def test_it_says_its_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.stdout == f"settlement-node {project['version']}\n"
