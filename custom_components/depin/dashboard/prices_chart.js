// A day's prices as steps, and below them what this home traded.

import { svg } from "./elements.js";
import { digitsOf, scaleOf, ticksOf } from "./scale.js";

const HEIGHT = 240;
const TOP = 12;
const LEFT = 44;
const TRADES = 44;
const BOTTOM = 20;
const FLOOR = HEIGHT - BOTTOM - TRADES - 12;
const HOURS = [3, 6, 12];
const HOUR_MS = 3_600_000;
const WIDTH_OF_LABEL = 56;

export const LINES = [
  { name: "buy", style: "buy" },
  { name: "sell", style: "sell" },
  { name: "community", style: "pool" },
];
const PRICES = ["buy", "sell", "community", "grid_buy", "grid_sell"];

/** Draw a day; `say` is what a screen reader hears of it. */
export function pricesChart({ begin, end, now, rows }, width, format, say) {
  const prices = rows.flatMap((row) => PRICES.map((name) => row[name])).filter((one) => one !== null);
  const ticks = ticksOf([Math.min(0, ...prices), Math.max(...prices)], 4);
  const across = scaleOf([begin, end], [LEFT, width - 4]);
  const up = scaleOf([ticks[0], ticks.at(-1)], [FLOOR, TOP]);
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": say },
    grid(ticks, up, width, format),
    hours(begin, end, across, width, format),
    corridor(rows, across, up),
    LINES.map(({ name, style }) => line(rows, name, style, across, up)),
    trades(rows, across),
    now > begin && now < end ? mark(across(now)) : undefined,
  );
}

function grid(ticks, up, width, format) {
  const digits = digitsOf(ticks);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return ticks.flatMap((tick) => [
    svg("line", { class: tick === 0 ? "zero" : "grid", x1: LEFT, x2: width - 4, y1: up(tick), y2: up(tick) }),
    svg("text", { x: LEFT - 6, y: up(tick) + 4, "text-anchor": "end" }, format.number(tick, options)),
  ]);
}

function hours(begin, end, across, width, format) {
  const fits = (width - LEFT) / WIDTH_OF_LABEL;
  const every = HOURS.find((one) => 24 / one <= fits) ?? HOURS.at(-1);
  const marks = [];
  for (let at = begin; at < end; at += every * HOUR_MS) {
    marks.push(svg("text", { x: across(at), y: HEIGHT - 4 }, format.time(at)));
  }
  return marks;
}

/** Shade what lies between the grid's own prices, which trade is better than. */
function corridor(rows, across, up) {
  return rows
    .filter(({ grid_buy, grid_sell }) => grid_buy !== null && grid_sell !== null)
    .map((row) =>
      svg("rect", {
        class: "corridor",
        x: across(row.start),
        width: across(row.end) - across(row.start),
        y: Math.min(up(row.grid_buy), up(row.grid_sell)),
        height: Math.abs(up(row.grid_sell) - up(row.grid_buy)),
      }),
    );
}

function line(rows, name, style, across, up) {
  let path = "";
  let reached;
  for (const row of rows.filter((one) => one[name] !== null)) {
    const y = up(row[name]).toFixed(1);
    path += `${row.start === reached ? "L" : "M"}${across(row.start).toFixed(1)} ${y}H${across(row.end).toFixed(1)}`;
    reached = row.end;
  }
  return svg("path", { class: `line ${style}`, d: path });
}

/** Draw what was sold upwards and what was bought downwards, the most of the day the highest. */
function trades(rows, across) {
  const middle = HEIGHT - BOTTOM - TRADES / 2;
  const most = Math.max(1, ...rows.map((row) => Math.max(row.sold_wh, row.bought_wh)));
  const tall = scaleOf([0, most], [0, TRADES / 2]);
  const bars = rows.flatMap((row) => {
    const place = { x: across(row.start), width: Math.max(1, across(row.end) - across(row.start) - 1) };
    const sold = tall(row.sold_wh);
    const bought = tall(row.bought_wh);
    return [
      sold > 0 ? svg("rect", { class: "sold", ...place, y: middle - sold, height: sold }) : undefined,
      bought > 0 ? svg("rect", { class: "bought", ...place, y: middle, height: bought }) : undefined,
    ];
  });
  const from = across(rows[0].start);
  const to = across(rows.at(-1).end);
  return [svg("line", { class: "grid", x1: from, x2: to, y1: middle, y2: middle }), ...bars].filter(
    (one) => one !== undefined,
  );
}

function mark(x) {
  return svg("line", { class: "now", x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM });
}
