"""The command line: `settlement-node` and its commands."""

import click

from settlement_node.commands.clear import clear


@click.group(name="settlement-node")
@click.version_option(package_name="settlement-node", message="%(prog)s %(version)s")
def main() -> None:
    """Run and check a neighbourhood's energy market."""


main.add_command(clear)
