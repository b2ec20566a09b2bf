// A card with a chart, which is drawn as wide as there is room.

import { DepinCard } from "./card.js";
import { html } from "./elements.js";

const LEAST = 240;

export class ChartCard extends DepinCard {
  /** Draws the chart for a width; set by what shows an answer. */
  chart;
  #watch = new ResizeObserver(([{ target, contentRect }]) => this.#fit(target, contentRect.width));

  canvas() {
    return html("div", { class: "canvas" });
  }

  drawn(root) {
    this.#watch.disconnect();
    const canvas = root.querySelector(".canvas");
    if (canvas) {
      this.#watch.observe(canvas);
    }
  }

  #fit(canvas, width) {
    if (width > 0) {
      canvas.replaceChildren(this.chart(Math.max(LEAST, Math.floor(width))));
    }
  }
}
