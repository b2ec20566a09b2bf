"""Runs the command line as `python -m settlement_node`."""

from settlement_node.cli import main

main()
