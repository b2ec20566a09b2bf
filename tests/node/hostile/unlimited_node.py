"""A node that refuses nothing for being too much, since what is drawn comes from one address."""

from functools import partial
from typing import Final
from unittest.mock import patch

from settlement_node.api.limits import Limits, Rate
from settlement_node.cli import main
from settlement_node.commands import serve

PLENTY: Final = Rate(10**12, 10**9)

if __name__ == "__main__":
    limits = partial(Limits, address=PLENTY, member=PLENTY, lasting=PLENTY)
    with patch.object(serve, "Limits", limits):
        main()
