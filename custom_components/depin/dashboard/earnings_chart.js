// Money by day or month: upwards what was earned, downwards what was paid.

import { svg } from "./elements.js";
import { digitsOf, scaleOf, ticksOf } from "./scale.js";

const HEIGHT = 180;
const TOP = 12;
const FLOOR = HEIGHT - 22;
const LEFT = 44;
const WIDTH_OF_LABEL = 64;

/** Draw the bars; `say` is what a screen reader hears of them. */
export function earningsChart({ names, amounts }, width, format, say) {
  const ticks = ticksOf([Math.min(0, ...amounts), Math.max(0, ...amounts)], 4);
  const up = scaleOf([ticks[0], ticks.at(-1)], [FLOOR, TOP]);
  const across = scaleOf([0, names.length], [LEFT, width - 4]);
  const digits = digitsOf(ticks);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const every = Math.ceil((names.length * WIDTH_OF_LABEL) / (width - LEFT));
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": say },
    ticks.flatMap((tick) => [
      svg("line", { class: tick === 0 ? "zero" : "grid", x1: LEFT, x2: width - 4, y1: up(tick), y2: up(tick) }),
      svg("text", { x: LEFT - 6, y: up(tick) + 4, "text-anchor": "end" }, format.number(tick, options)),
    ]),
    amounts.map((net, at) => {
      const gap = (across(1) - across(0)) * 0.15;
      const height = Math.abs(up(net) - up(0));
      const place = { x: across(at) + gap, width: across(1) - across(0) - 2 * gap };
      return svg("rect", { class: net < 0 ? "loss" : "gain", ...place, y: Math.min(up(net), up(0)), height });
    }),
    names
      .map((name, at) => label(name, at, names.length, across))
      // The newest always has its name.
      .filter((_, at) => (names.length - 1 - at) % every === 0),
  );
}

function label(name, at, count, across) {
  const last = at === count - 1;
  const x = last ? across(count) : across(at + 0.5);
  return svg("text", { x, y: HEIGHT - 4, "text-anchor": last ? "end" : "middle" }, name);
}
