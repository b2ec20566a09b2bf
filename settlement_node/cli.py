"""The command line: `settlement-node` and its commands."""

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Final

import click

_COMMANDS: Final = (
    "init",
    "serve",
    "invite",
    "invites",
    "withdraw-invite",
    "join",
    "members",
    "member",
    "accounts",
    "transfers",
    "bank",
    "money",
    "market",
    "statements",
    "quarters",
    "node-key",
    "operator-key",
    "veto",
    "address",
    "verify",
    "check-evidence",
    "copy",
    "state",
    "rebuild",
    "backup",
    "restore",
    "regain",
    "resume",
    "succeed",
    "clear",
    "simulate",
)


class _OnDemand(click.Group):
    """Loads a command when it is wanted: each brings libraries that others do without."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own form
        """List the commands in the order of a co-op's life."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command's module, which is named like it."""
        if cmd_name not in _COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command = getattr(import_module(f"settlement_node.commands.{module}"), module)
        return command if isinstance(command, click.Command) else None


@click.group(name="settlement-node", cls=_OnDemand)
@click.version_option(package_name="settlement-node", message="%(prog)s %(version)s")
def main() -> None:
    """Run and check a neighbourhood's energy market."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A name with a mark that this output cannot show must not end a command half way.
        sys.stdout.reconfigure(errors="backslashreplace")
