// What all cards share: asking, following changes, and saying in words what is missing.

import { html } from "./elements.js";
import { Format } from "./format.js";
import { STYLES } from "./styles.js";
import { filled, pageLanguage, wordsOf } from "./words.js";

const AGAIN_MS = 15_000;
const FORM = [
  { name: "title", selector: { text: {} } },
  { name: "entry_id", selector: { config_entry: { integration: "depin" } } },
];
const MARKET = { name: "market", selector: { text: {} } };

export class DepinCard extends HTMLElement {
  /** What is asked and shown: the card's name without "depin-". */
  static kind = "";
  static ofMarket = true;
  /** The entities for which the card is suggested. */
  static entities = [];
  static moreForm = [];

  static getConfigForm() {
    const words = wordsOf(pageLanguage()).form;
    return {
      schema: [...FORM, ...(this.ofMarket ? [MARKET] : []), ...this.moreForm],
      computeLabel: ({ name }) => words[name] ?? name,
      computeHelper: ({ name }) => words[`${name}_help`],
    };
  }

  static getStubConfig() {
    return {};
  }

  static suggestionFor(hass, entityId) {
    const entity = hass.entities?.[entityId];
    if (entity?.platform !== "depin" || !this.entities.includes(entity.translation_key)) {
      return null;
    }
    return { config: { type: `custom:depin-${this.kind}` } };
  }

  #config = {};
  #hass;
  #followed;
  #again;
  #asked = 0;
  #told = { state: "loading" };
  #renew = () => this.#begin();
  #title = html("h2", { id: "title" });
  #content = html("div", { class: "content" });

  constructor() {
    super();
    const region = html("section", { "aria-labelledby": "title" }, this.#title, this.#content);
    const card = html("ha-card", {}, region);
    this.attachShadow({ mode: "open" }).append(html("style", {}, STYLES), card);
  }

  setConfig(config) {
    for (const name of ["title", "entry_id", "market"]) {
      if (typeof (config[name] ?? "") !== "string") {
        throw new TypeError(filled(wordsOf(pageLanguage()).errors.not_a_text, { name }));
      }
    }
    this.#config = config;
    this.#told = { state: "loading" };
    this.#begin();
  }

  get config() {
    return this.#config;
  }

  get hass() {
    return this.#hass;
  }

  set hass(hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (before?.connection !== hass.connection) {
      this.#begin();
    } else if (before.locale !== hass.locale || before.language !== hass.language) {
      this.draw();
    }
  }

  get words() {
    return wordsOf(this.#hass?.language);
  }

  get format() {
    return new Format(this.#hass);
  }

  connectedCallback() {
    this.#begin();
  }

  disconnectedCallback() {
    this.#leave();
  }

  getCardSize() {
    return 5;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  /** Ask for what is shown, and show it. */
  async load() {
    const asked = ++this.#asked;
    clearTimeout(this.#again);
    let told;
    try {
      told = { state: "told", answer: await this.#hass.callWS(this.question()) };
    } catch (error) {
      told = { state: "error", error };
    }
    if (asked !== this.#asked || !this.isConnected) {
      return;
    }
    this.#told = told;
    this.draw();
    if (told.state === "error") {
      this.#again = setTimeout(() => this.#begin(), AGAIN_MS);
    }
  }

  question() {
    const { entry_id, market } = this.#config;
    const place = { ...(entry_id && { entry_id }), ...(market && { market }) };
    return { type: `depin/${this.constructor.kind}`, ...place };
  }

  draw() {
    if (!this.#hass) {
      return;
    }
    const wasOpen = this.#content.querySelector("details")?.open;
    const focused = this.shadowRoot.activeElement;
    this.#title.textContent = this.#config.title || this.words[this.constructor.kind].name;
    this.#content.replaceChildren(...[this.#made()].flat());
    if (wasOpen) {
      this.#content.querySelector("details")?.setAttribute("open", "");
    }
    if (focused) {
      this.#content.querySelector(focused.localName)?.focus();
    }
    this.drawn(this.#content);
  }

  /** Make what an answer shows: overridden by each card. */
  shown() {
    return [];
  }

  /** Called when what was made is on the page. */
  drawn() {}

  #made() {
    switch (this.#told.state) {
      case "loading":
        return html("p", { class: "quiet" }, this.words.loading);
      case "error":
        return html("p", { role: "alert" }, this.#complaint(this.#told.error));
      default:
        return this.shown(this.#told.answer);
    }
  }

  #complaint({ code, message, translation_key: key }) {
    const { errors } = this.words;
    return errors[key] ?? errors[code] ?? filled(errors.other, { error: message ?? code });
  }

  #begin() {
    this.#leave();
    if (this.isConnected && this.#hass) {
      this.draw();
      this.load();
      this.#follow(this.#hass.connection);
    }
  }

  #follow(connection) {
    const { entry_id } = this.#config;
    const message = { type: "depin/follow", ...(entry_id && { entry_id }) };
    // After a restart nothing can be followed for a while: the card begins anew instead.
    const following = connection.subscribeMessage(() => this.load(), message, { resubscribe: false });
    connection.addEventListener("ready", this.#renew);
    this.#followed = { connection, following };
    // Where nothing can be followed, asking has failed too, and is tried again with it.
    following.catch(() => {});
  }

  #leave() {
    clearTimeout(this.#again);
    if (this.#followed) {
      const { connection, following } = this.#followed;
      this.#followed = undefined;
      connection.removeEventListener("ready", this.#renew);
      following.then((stop) => stop()).catch(() => {});
    }
  }
}
