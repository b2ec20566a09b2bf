"""The Python files: set-up, platforms and names that Home Assistant would act on."""

import ast
from collections.abc import Iterator
from typing import Final

from homeassistant.const import Platform

from .core import core_domains
from .package import Finding, Package, called, constant, functions

# The files that Home Assistant loads for another integration and that we mean it to.
_MEANT: Final = frozenset({*Platform, "diagnostics", "repairs", "system_health", "llm"})
_DISCOVERY_STEPS: Final = frozenset(
    f"async_step_{kind}"
    for kind in (
        "bluetooth",
        "dhcp",
        "discovery",
        "hassio",
        "homekit",
        "mqtt",
        "ssdp",
        "usb",
        "zeroconf",
    )
)
_NAMING_CALLS: Final = frozenset(
    {"async_set_unique_id", "_async_handle_discovery_without_unique_id"}
)


def check(package: Package) -> list[Finding]:
    """Check the modules."""
    return [
        *_domain(package),
        *_config_schema(package),
        *_platform_names(package),
        *_parallel_updates(package),
        *_discovery(package),
        *_old_texts(package),
    ]


def _domain(package: Package) -> Iterator[Finding]:
    for node in ast.walk(package.modules["const.py"]):
        match node:
            case ast.Assign(targets=[ast.Name(id="DOMAIN")], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id="DOMAIN"), value=value):
                pass
            case _:
                continue
        if constant(value) != package.domain:
            yield Finding("const.py", "DOMAIN", f"must be {package.domain}")
    for node in ast.walk(package.modules["config_flow.py"]):
        for keyword in node.keywords if isinstance(node, ast.ClassDef) else ():
            if keyword.arg == "domain" and called(keyword.value) != "DOMAIN":
                yield Finding("config_flow.py", "domain", "must be DOMAIN")


def _config_schema(package: Package) -> Iterator[Finding]:
    tree = package.modules["__init__.py"]
    if "async_setup" in functions(tree) and "CONFIG_SCHEMA" not in _assigned(tree):
        yield Finding("__init__.py", "CONFIG_SCHEMA", "is missing beside async_setup")


def _platform_names(package: Package) -> Iterator[Finding]:
    for path in sorted(package.folder.iterdir()):
        name = path.stem if path.suffix == ".py" else path.name
        if name in core_domains() - _MEANT:
            yield Finding(path.name, "", f"Home Assistant would load it as a part of its {name}")


def _parallel_updates(package: Package) -> Iterator[Finding]:
    listed = _attributes(package.modules["__init__.py"], "PLATFORMS")
    for platform in Platform:
        files = {f"{platform}.py", f"{platform}/__init__.py"} & package.modules.keys()
        for file in files:
            if "PARALLEL_UPDATES" not in _assigned(package.modules[file]):
                yield Finding(file, "PARALLEL_UPDATES", "is missing in a platform")
        if bool(files) != (platform.name in listed):
            yield Finding("__init__.py", f"PLATFORMS.{platform}", "is a file, or listed, not both")


def _discovery(package: Package) -> Iterator[Finding]:
    tree = package.modules["config_flow.py"]
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for step in sorted(functions(tree) & _DISCOVERY_STEPS):
        if not named & _NAMING_CALLS:
            yield Finding("config_flow.py", step, "a discovery step needs a unique id")


def _old_texts(package: Package) -> Iterator[Finding]:
    for name in ("strings.json", ".translations"):
        if package.has(name):
            yield Finding(name, "", "custom integrations ship translations/*.json alone")


def _attributes(tree: ast.Module, name: str) -> set[str]:
    """Return the attributes, such as Platform.SENSOR, that a name's value is made of."""
    return {
        inner.attr
        for node in tree.body
        if name in _assigned(ast.Module([node], []))
        and isinstance(node, ast.Assign | ast.AnnAssign)
        for inner in ast.walk(node.value or node)
        if isinstance(inner, ast.Attribute)
    }


def _assigned(tree: ast.Module) -> set[str]:
    """Return the names that a module gives values at its top level."""
    names: set[str] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names
