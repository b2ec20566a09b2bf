// What the whole neighbourhood used and fed in, in the newest settled interval.

import { DepinCard } from "./card.js";
import { html, svg } from "./elements.js";
import { sampleOf } from "./legend.js";
import { filled } from "./words.js";

const WIDTH = 1000;

export class BalanceCard extends DepinCard {
  static kind = "neighbourhood";
  static entities = ["volume", "market_open"];

  shown({ interval }) {
    const words = this.words.neighbourhood;
    if (interval === null) {
      return html("p", { class: "quiet" }, words.nothing);
    }
    const { flows, start, end, members, missing, estimated } = interval;
    const begun = this.format.dayAndTime(start);
    const time = html("p", { class: "quiet" }, filled(words.interval, { start: begun, end: this.format.time(end) }));
    if (flows === null) {
      return [time, html("p", {}, words.too_few)];
    }
    const { imported, exported, delivered, pooled } = flows;
    const counts = { members, missing, estimated };
    return [
      time,
      this.#side(words.used, imported, { neighbours: delivered, pool: pooled }, "from"),
      this.#side(words.fed_in, exported, { neighbours: delivered, pool: pooled }, "to"),
      html("p", { class: "quiet" }, filled(words.members, counts)),
    ];
  }

  /** Show how much of all energy stayed among neighbours; the grid has the rest. */
  #side(title, whole, { neighbours, pool }, way) {
    const parts = { neighbours, pool, grid: Math.max(0, whole - neighbours - pool) };
    const share = whole > 0 ? Math.min(1, (neighbours + pool) / whole) : 0;
    const percent = this.format.number(share, { style: "percent", maximumFractionDigits: 0 });
    const words = this.words.neighbourhood;
    return html(
      "section",
      {},
      html("h3", {}, `${title}: ${this.format.energy(whole)}`),
      bar(parts, way),
      html(
        "dl",
        { class: "figures" },
        Object.entries(parts).flatMap(([name, wh]) => [
          html("dt", {}, sampleOf({ field: `${way}-${name}` }), words[`${way}_${name}`]),
          html("dd", {}, this.format.energy(wh)),
        ]),
        html("dt", {}, words.shared),
        html("dd", {}, percent),
      ),
    );
  }
}

function bar(parts, way) {
  const whole = Object.values(parts).reduce((sum, wh) => sum + wh, 0) || 1;
  let from = 0;
  const fields = Object.entries(parts).map(([name, wh]) => {
    const width = (wh / whole) * WIDTH;
    const field = svg("rect", { class: `${way}-${name}`, x: from, width, height: 16 });
    from += width;
    return field;
  });
  // The list below says the same in words.
  const attributes = { class: "bar", viewBox: `0 0 ${WIDTH} 16`, preserveAspectRatio: "none", "aria-hidden": "true" };
  return svg("svg", attributes, fields);
}
