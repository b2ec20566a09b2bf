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
    "hashlib",
    "itertools",
    "json",
    "nacl.bindings",
    "nacl.exceptions",
    "operator",
    "re",
    "struct",
    "types",
    "typing",
}
NUMPY = {"numpy", "numpy.typing"}
FORBIDDEN_CALLS = {"open", "input", "print", "eval", "exec", "compile", "__import__", "hash", "id"}
FORBIDDEN_NAMES = {"open", "codecs", "random", "urandom", "token_bytes", "environ", "detector"}

# What makes a float, in any use.
FLOAT_NAMES = {"float", "complex", "round", "pow"}
# Of numpy what keeps whole numbers whole, and the types that it may be asked for.
WHOLE_TYPES = {"np.int64", "np.bool_"}
WHOLE_FUNCTIONS = {
    "add",
    "arange",
    "argsort",
    "bincount",
    "bool_",
    "concatenate",
    "count_nonzero",
    "cumsum",
    "empty_like",
    "flatnonzero",
    "iinfo",
    "int64",
    "lexsort",
    "maximum",
    "minimum",
    "not_equal",
    "sort",
    "zeros_like",
}
# These make floats unless told a type.
TYPED_FUNCTIONS = {"array", "empty", "ones", "zeros"}
OF_NUMPY = WHOLE_FUNCTIONS | TYPED_FUNCTIONS
FLOAT_METHODS = {"mean", "std", "var", "true_divide", "divide", "__truediv__", "__rtruediv__"}
# Each of these says at its place why the result is exact all the same.
REASONED = {
    "clearing/rationing.py": ["/", "/", "np.float64", "np.float64"],
    "clearing/uniform.py": ["bincount with weights", "np.zeros of no whole type"],
}


def floats(tree: ast.AST) -> list[str]:
    """List what in a module can make a float."""
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                found.append(ast.unparse(node))
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                found.append("/")
            case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int())):
                pass
            case ast.BinOp(op=ast.Pow()) | ast.AugAssign(op=ast.Pow()):
                found.append("** of what may be negative")
            case ast.Name(id=called) if called in FLOAT_NAMES:
                found.append(called)
            case ast.Attribute(value=ast.Name(id="np"), attr=called) if called not in OF_NUMPY:
                found.append(f"np.{called}")
            case ast.Attribute(attr=called) if called in FLOAT_METHODS:
                found.append(called)
            case ast.Call(func=ast.Attribute(attr=called)):
                found += floats_of_call(node, called)
    return sorted(found)


def floats_of_call(call: ast.Call, called: str) -> list[str]:
    """List what of a call can make a float, by the types and the weights that it is given."""
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if called == "astype":
        given["dtype"] = ", ".join(map(ast.unparse, call.args))
    of_numpy = ast.unparse(call.func).startswith("np.")
    if called == "bincount" and (len(call.args) > 1 or "weights" in given):
        return ["bincount with weights"]
    is_typed = "dtype" in given or (of_numpy and called in TYPED_FUNCTIONS)
    if is_typed and given.get("dtype") not in WHOLE_TYPES:
        return [f"{ast.unparse(call.func)} of no whole type"]
    return []


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


def test_what_is_allowed_is_used() -> None:
    """A module that nothing needs any more is one that could slip in again unseen."""
    assert set().union(*map(imports, MODULES)) == ALLOWED | NUMPY


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_does_nothing_impure(path: Path) -> None:
    """No file, no randomness, no hash of one run only."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS
        if isinstance(node, ast.Attribute):
            assert node.attr not in FORBIDDEN_NAMES
        if isinstance(node, ast.alias):
            assert node.name not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_makes_no_float(path: Path) -> None:
    """But where it is said why the result is exact."""
    tree = ast.parse(path.read_text("utf-8"))
    assert floats(tree) == REASONED.get(path.relative_to(ROOT).as_posix(), [])


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_numpy_has_one_name(path: Path) -> None:
    """So that what is used of it can be read."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import) and "numpy" in ast.unparse(node):
            assert ast.unparse(node) == "import numpy as np"
        if isinstance(node, ast.ImportFrom) and "numpy" in ast.unparse(node):
            assert ast.unparse(node) == "from numpy.typing import NDArray"


@pytest.mark.parametrize(
    "source",
    [
        "1.5",
        "2j",
        "a / b",
        "a /= b",
        "2 ** -1",
        "2 ** b",
        "a **= b",
        "pow(a, -1)",
        "round(a)",
        "isinstance(a, float)",
        "map(float, a)",
        "complex",
        "np.float64",
        "np.mean(a)",
        "np.true_divide(a, b)",
        "np.sqrt(a)",
        "np.linspace(a, b)",
        "a.mean()",
        "a.__truediv__(b)",
        "a.astype('f8')",
        "a.astype(int)",
        "a.sum(dtype='f8')",
        "np.zeros(3)",
        "np.ones(3, dtype='d')",
        "np.bincount(a, b)",
        "np.bincount(a, weights=b)",
    ],
)
def test_the_tests_see_a_float(source: str) -> None:
    """In each of the ways to make one."""
    assert floats(ast.parse(source))


CHECKING_CLEARINGS = {
    "clearing_case",
    "meter_case",
    "public_book",
    "reading_evidence",
    "settlement_case",
}


def test_numpy_comes_with_the_clearing_only() -> None:
    """Checked in a fresh interpreter."""
    others = [
        name(path)
        for path in MODULES
        if "clearing" not in path.parts and path.stem not in CHECKING_CLEARINGS
    ]
    code = f"import sys, {', '.join(others)}; sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, check=False)
    assert done.returncode == 0


def test_the_files_are_the_home_s_own() -> None:
    """The node's name for the protocol is a link into the integration."""
    link = Path(depin_protocol.__file__).parent
    assert link.resolve().parts[-3:] == ("custom_components", "depin", "protocol")
