"""The vectors of our own, in tests/vectors: written only on demand, compared always."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors"


def committed(name: str) -> Any:  # noqa: ANN401 - JSON
    """Read a file of vectors."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def write(name: str, vectors: dict[str, Any]) -> None:
    """Write a file of vectors anew, after a change of the protocol that is meant."""
    text = json.dumps(vectors, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", "utf-8")


def as_json(vectors: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return what a file would hold of vectors: lists for tuples."""
    return json.loads(json.dumps(vectors))
