// What this home verified by itself of its co-op's books, and the button to do so now.

import { DepinCard } from "./card.js";
import { html } from "./elements.js";
import { filled } from "./words.js";

const VERDICTS = {
  true: { style: "holds", icon: "mdi:shield-check", word: "holds" },
  false: { style: "fails", icon: "mdi:shield-alert", word: "fails" },
  null: { style: "open", icon: "mdi:shield-outline", word: "open" },
};

export class ProofsCard extends DepinCard {
  static kind = "proofs";
  static ofMarket = false;
  static entities = ["books_verified", "log_size"];

  #busy = false;
  // One for all drawings: a screen reader says what changes in what was there before.
  #outcome = html("p", { class: "quiet", role: "status" });

  shown(answer) {
    const { style, icon, word } = VERDICTS[answer.verified];
    const words = this.words.proofs;
    return [
      html("p", { class: `verdict ${style}` }, html("ha-icon", { icon, "aria-hidden": "true" }), words[word]),
      ...this.#suspicion(answer),
      this.#figures(answer),
      html(
        "button",
        { type: "button", "aria-disabled": String(this.#busy), click: () => this.#verify(answer.entry_id) },
        this.#busy ? words.verifying : words.verify,
      ),
      this.#outcome,
    ];
  }

  #figures({ looked_at, log_size, intervals, receipts, waiting }) {
    const words = this.words.proofs;
    const number = (value) => this.format.number(value);
    const figures = {
      looked_at: looked_at === null ? words.never : this.format.dayAndTime(looked_at),
      log_size: number(log_size),
      intervals: number(intervals),
      receipts: number(receipts),
      waiting: number(waiting),
    };
    return html(
      "dl",
      { class: "figures" },
      Object.entries(figures).flatMap(([name, text]) => [html("dt", {}, words[name]), html("dd", {}, text)]),
    );
  }

  #suspicion({ found, evidence }) {
    if (found === null) {
      return [];
    }
    const words = this.words.proofs;
    return [
      html("p", { role: "alert" }, filled(words.found, { found })),
      html("p", {}, filled(words.evidence, { evidence })),
      html("p", {}, html("a", { href: "/config/repairs" }, words.repairs)),
    ];
  }

  async #verify(entry) {
    if (this.#busy) {
      return;
    }
    const words = this.words.proofs;
    this.#tell(true, words.verifying);
    try {
      await this.hass.callService("depin", "verify_now", { config_entry: entry }, undefined, false);
      this.#tell(false, words.verified);
    } catch (error) {
      this.#tell(false, filled(words.not_verified, { error: error.message }));
    }
    await this.load();
  }

  #tell(busy, outcome) {
    this.#busy = busy;
    this.draw();
    this.#outcome.textContent = outcome;
  }
}
