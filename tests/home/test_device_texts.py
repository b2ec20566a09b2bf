"""That what the flows of devices show and say stands in English, and nothing that they do not."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import custom_components.depin as integration
from custom_components.depin.protocol.statements.measuring import UNITS
from custom_components.depin.sources.observable import OBSERVABLES

_FOLDER = Path(integration.__file__).parent
_SHARED = "device_flow"
_MODULES = {
    "modbus": "modbus_flow",
    "sunspec": "modbus_flow",
    "mqtt": "mqtt_flow",
    "entities": "entities_flow",
    "sensor": "sensor_flow",
}
_NOT_OF = {
    "sunspec": {"user"},
    "entities": {"choices", "roles", "nothing_used"},
    "sensor": {"choices", "roles", "nothing_used", "no_import", "second_grid"},
}
_CHOSEN = {"entities", "sensor"}
_CODES = {
    "entities": {"resets", "wrong_unit", "wrong_state_class", "no_number"},
    "sensor": {"wrong_device_class", "wrong_unit", "wrong_state_class"},
}


def _nodes(module: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((_FOLDER / f"{module}.py").read_text()))


def _steps(module: str) -> set[str]:
    return {
        keyword.value.value
        for node in _nodes(module)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "step_id"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


def _codes(module: str) -> set[str]:
    """Return what a probe returns, or a step says, to be wrong."""
    found: list[ast.expr | None] = []
    for node in _nodes(module):
        match node:
            case ast.Return(value=ast.Tuple(elts=[first, _])):
                found.append(first)
            case ast.Return(value=ast.Constant() as code):
                found.append(code)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))], value=value):
                found.append(value)
    return {
        each.value
        for each in found
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value
    }


def _words(module: str) -> set[str]:
    return {
        node.value
        for node in _nodes(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("kind", _MODULES)
def test_every_step_and_every_error_has_its_text(kind: str) -> None:
    texts = json.loads((_FOLDER / "translations/en.json").read_text())["config_subentries"][kind]
    shared = _steps(_SHARED) - _NOT_OF.get(kind, set())
    own = _steps(_MODULES[kind]) | ({"network", "serial"} & texts["step"].keys())
    assert texts["step"].keys() == (shared | own) - _NOT_OF.get(kind, set())
    modules = [_MODULES[kind], _SHARED] + ["chosen_entity"] * (kind in _CHOSEN)
    said = _CODES.get(kind, set()).union(*map(_words, modules))
    assert texts["error"].keys() <= said
    shown = set[str]().union(*map(_codes, modules))
    assert shown - _NOT_OF.get(kind, set()) <= texts["error"].keys()
    for step in texts["step"].values():
        assert step.get("data", {}).keys() == step.get("data_description", {}).keys()


def test_every_quantity_has_its_name_and_is_one_of_the_protocol() -> None:
    texts = json.loads((_FOLDER / "translations/en.json").read_text())["selector"]["quantity"]
    assert texts["options"].keys() == OBSERVABLES.keys() == UNITS.keys()
