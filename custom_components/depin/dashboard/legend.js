// What the lines and fields of a chart mean.

import { html, svg } from "./elements.js";

/** Return a small sample of a line or a field, which says nothing to a screen reader. */
export function sampleOf({ line, field }) {
  const shape = line
    ? svg("line", { class: `line ${line}`, x1: 0, x2: 20, y1: 6, y2: 6 })
    : svg("rect", { class: field, width: 20, height: 12, rx: 2 });
  return svg("svg", { viewBox: "0 0 20 12", "aria-hidden": "true" }, shape);
}

/** List what is drawn; `unit` says in what it is measured. */
export function legendOf(samples, unit) {
  const entries = samples.map((one) => html("li", {}, sampleOf(one), one.text));
  return html("ul", { class: "legend" }, html("li", { class: "quiet" }, unit), entries);
}
