"""What Python passes over when it looks for cycles of garbage: all that a node has loaded."""

import gc


def pass_over_what_is_loaded() -> None:
    """Leave what is there now out of every later look.

    It stays as long as the node runs; looking through it again and again while an interval is
    settled took a quarter of the time (`benchmarks/market.py`).
    """
    gc.collect()
    gc.freeze()
