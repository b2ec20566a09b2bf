// Today's prices, interval by interval, with what this home traded.

import { ChartCard } from "./chart_card.js";
import { html } from "./elements.js";
import { legendOf } from "./legend.js";
import { LINES, pricesChart } from "./prices_chart.js";
import { tableOf } from "./table.js";
import { filled } from "./words.js";

export class PricesCard extends ChartCard {
  static kind = "prices";
  static entities = ["buy_price", "sell_price", "community_price", "clearing_price"];

  shown(answer) {
    if (answer.rows.length === 0) {
      return html("p", { class: "quiet" }, this.words.prices.nothing);
    }
    const summary = this.#summary(answer);
    this.chart = (width) => pricesChart(answer, width, this.format, summary);
    return [html("p", {}, summary), this.canvas(), this.#legend(answer), this.#table(answer)];
  }

  #summary({ rows, now, currency }) {
    const words = this.words.prices;
    const current = rows.find(({ start, end }) => start <= now && now < end);
    const price = (value) => (value === null ? words.none : this.format.price(value, currency));
    const sum = (name) => this.format.energy(rows.reduce((total, row) => total + row[name], 0));
    const traded = filled(words.traded, { sold: sum("sold_wh"), bought: sum("bought_wh") });
    if (!current) {
      return traded;
    }
    const prices = { buy: price(current.buy), sell: price(current.sell) };
    return `${filled(words.now, prices)} ${traded}`;
  }

  #legend({ currency }) {
    const words = this.words.prices;
    const lines = LINES.map(({ name, style }) => ({ line: style, text: words[name] }));
    const fields = [
      { field: "corridor", text: words.corridor },
      { field: "sold", text: words.sold },
      { field: "bought", text: words.bought },
    ];
    return legendOf([...lines, ...fields], filled(words.unit, { currency }));
  }

  #table({ rows, currency }) {
    const words = this.words.prices;
    const price = (value) => (value === null ? words.none : this.format.price(value, currency));
    const energy = (wh) => (wh === 0 ? words.none : this.format.energy(wh));
    return tableOf({
      show: this.words.as_table,
      caption: filled(words.unit, { currency }),
      columns: ["time", "state", "buy", "sell", "community", "grid_buy", "grid_sell", "sold", "bought"].map(
        (name) => words[name],
      ),
      rows: () =>
        rows.map((row) => [
          this.format.time(row.start),
          words.states[row.state],
          ...["buy", "sell", "community", "grid_buy", "grid_sell"].map((name) => price(row[name])),
          energy(row.sold_wh),
          energy(row.bought_wh),
        ]),
    });
  }
}
