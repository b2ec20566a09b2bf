"""Every benchmark says what it measures when it is asked, and measures nothing then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
BENCHMARKS = sorted(file.stem for file in (REPOSITORY / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_tells_what_it_measures(name: str) -> None:
    file = REPOSITORY / "benchmarks" / f"{name}.py"
    asked = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--help"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": "scripts", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    usage, *_, options = asked.stdout.split("\n\n")
    assert usage.startswith("usage: ")
    subject = file.read_text(encoding="utf-8").split('"""')[1].strip()
    assert subject.splitlines()[0] in asked.stdout
    assert "show this help message and exit" in options
