"""How often Python looks for cycles of garbage: seldom, since a node holds much and makes few."""

import gc
from typing import Final

_MADE_BETWEEN: Final = 200_000
"""Objects made from one look to the next."""


def collect_seldom() -> None:
    """Pass over all that is loaded, and look only after much was made.

    Settling makes tens of objects for each home and no cycle; with Python's usual pace, looking at
    them took a quarter of the time (`benchmarks/market.py`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MADE_BETWEEN, *gc.get_threshold()[1:])
