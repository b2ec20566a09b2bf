"""Clears the book on standard input with pymarket: where its demand and supply curves meet.

This gives a price and a volume, but no fills.
"""

import json
import sys
import time

import pandas as pd
from pymarket.bids.demand_curves import (
    demand_curve_from_bids,
    intersect_stepwise,
    supply_curve_from_bids,
)

BUDGET_S = 2.0

book = json.load(sys.stdin)
rows = [(wh, price, True) for wh, price in book["bids"]]
rows += [(wh, price, False) for wh, price in book["asks"]]
frame = pd.DataFrame(rows, columns=["quantity", "price", "buying"])
frame = frame.assign(user=range(len(rows)), time=0, divisible=True)
best = float("inf")
ends = time.perf_counter() + BUDGET_S
while best == float("inf") or time.perf_counter() < ends:
    began = time.perf_counter()
    demand, _ = demand_curve_from_bids(frame)
    supply, _ = supply_curve_from_bids(frame)
    volume, *_ = intersect_stepwise(demand, supply)
    best = min(best, time.perf_counter() - began)
json.dump({"seconds": best, "volume": None if volume is None else float(volume)}, sys.stdout)
