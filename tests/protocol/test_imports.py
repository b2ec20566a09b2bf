"""The protocol needs little: its own modules, a few of Python's, PyNaCl and numpy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import depin_protocol

ROOT = Path(depin_protocol.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

ALLOWED = {
    "base64",
    "binascii",
    "bisect",
    "collections.abc",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "nacl.bindings",
    "nacl.exceptions",
    "operator",
    "re",
    "struct",
    "types",
    "typing",
}
NUMPY = {"numpy", "numpy.typing"}
FORBIDDEN_CALLS = {
    "open",
    "input",
    "print",
    "eval",
    "exec",
    "compile",
    "__import__",
    "float",
    "hash",
    "id",
}
FORBIDDEN_NAMES = {"open", "codecs", "random", "urandom", "token_bytes", "environ", "detector"}


def imports(path: Path) -> set[str]:
    """List the modules that a module imports, those of the protocol left out."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            depth = len(path.relative_to(ROOT).parts)
            assert node.level <= depth, f"{path} reaches out of the protocol"
            if node.level == 0:
                assert node.module is not None
                found.add(node.module)
    return found


def name(path: Path) -> str:
    """Name a module as it is imported."""
    parts = ("depin_protocol", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_what_is_allowed(path: Path) -> None:
    """Numpy is for the clearing alone, so that a home loads it on first need."""
    allowed = ALLOWED | NUMPY if "clearing" in path.parts else ALLOWED
    assert imports(path) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_does_nothing_impure(path: Path) -> None:
    """No file, no randomness, no hash of one run only; no float but inside the clearing."""
    exact = "clearing" not in path.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS
        if isinstance(node, ast.Attribute):
            assert node.attr not in FORBIDDEN_NAMES
        if isinstance(node, ast.alias):
            assert node.name not in FORBIDDEN_NAMES
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex)
        if exact and isinstance(node, ast.BinOp | ast.AugAssign):
            assert not isinstance(node.op, ast.Div), "a division with / makes a float"


def test_numpy_comes_with_the_clearing_only() -> None:
    """Checked in a fresh interpreter."""
    others = [name(path) for path in MODULES if "clearing" not in path.parts]
    code = f"import sys, {', '.join(others)}; sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, check=False)
    assert done.returncode == 0


def test_the_files_are_the_home_s_own() -> None:
    """The node's name for the protocol is a link into the integration."""
    link = Path(depin_protocol.__file__).parent
    assert link.resolve().parts[-3:] == ("custom_components", "depin", "protocol")
