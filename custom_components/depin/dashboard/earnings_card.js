// What the home earned over the last days or months.

import { ChartCard } from "./chart_card.js";
import { earningsChart } from "./earnings_chart.js";
import { html } from "./elements.js";
import { tableOf } from "./table.js";
import { pageLanguage, wordsOf, filled } from "./words.js";

const PERIODS = ["days", "months"];

export class EarningsCard extends ChartCard {
  static kind = "earnings";
  static entities = ["net_today", "net_month", "net_total", "gross_today", "sold_today", "sold_month"];

  static getConfigForm() {
    const words = wordsOf(pageLanguage()).form;
    const options = PERIODS.map((value) => ({ value, label: words[value] }));
    const form = super.getConfigForm();
    const period = { name: "period", selector: { select: { mode: "dropdown", options } } };
    return { ...form, schema: [...form.schema, period] };
  }

  setConfig(config) {
    if (config.period !== undefined && !PERIODS.includes(config.period)) {
      throw new Error(wordsOf(pageLanguage()).errors.no_period);
    }
    super.setConfig(config);
  }

  question() {
    return { ...super.question(), period: this.#period };
  }

  shown(answer) {
    const { rows, currency } = answer;
    const words = this.words.earnings;
    const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
    if (rows.every(({ sold_wh, bought_wh, net }) => sold_wh === 0 && bought_wh === 0 && net === 0)) {
      return html("p", { class: "quiet" }, words.nothing);
    }
    const summary = filled(words[this.#period], {
      net: this.format.money(sum("net"), currency),
      fees: this.format.money(sum("fees"), currency),
      sold: this.format.energy(sum("sold_wh")),
      bought: this.format.energy(sum("bought_wh")),
    });
    const names = rows.map((row) => this.#name(row.start));
    const amounts = rows.map(({ net }) => net);
    this.chart = (width) => earningsChart({ names, amounts }, width, this.format, summary);
    return [html("p", {}, summary), this.canvas(), this.#table(rows, currency)];
  }

  get #period() {
    return this.config.period ?? "days";
  }

  #name(start) {
    return this.#period === "days" ? this.format.day(start) : this.format.month(start);
  }

  #table(rows, currency) {
    const words = this.words.earnings;
    return tableOf({
      show: this.words.as_table,
      caption: words.caption,
      columns: ["time", "net", "gross", "fees", "sold", "bought"].map((name) => words[name]),
      rows: () =>
        rows
          .map((row) => [
            this.#name(row.start),
            ...["net", "gross", "fees"].map((name) => this.format.money(row[name], currency)),
            ...["sold_wh", "bought_wh"].map((name) => this.format.energy(row[name])),
          ])
          .toReversed(),
    });
  }
}
