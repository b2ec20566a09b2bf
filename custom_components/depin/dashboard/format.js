// Numbers, money and times as the owner's profile wants them written.

const NUMBERS = {
  comma_decimal: ["en-US", "en"],
  decimal_comma: ["de", "es", "it"],
  space_comma: ["fr", "sv", "cs"],
  quote_decimal: ["de-CH"],
  system: undefined,
};
const HOURS = { 12: { hourCycle: "h12" }, 24: { hourCycle: "h23", hour: "2-digit" } };
const KILO = 1000;

export class Format {
  constructor(hass) {
    const { locale, language } = hass;
    this.language = locale?.language ?? language;
    const numbers = locale?.number_format;
    this.numbers = numbers in NUMBERS ? NUMBERS[numbers] : this.language;
    this.grouping = numbers !== "none";
    this.clock = locale?.time_format === "system" ? undefined : this.language;
    this.hours = HOURS[locale?.time_format];
    this.home = hass.config?.time_zone;
    this.zone = locale?.time_zone === "server" ? this.home : undefined;
  }

  number(value, options = {}) {
    const locale = this.grouping ? this.numbers : "en-US";
    return new Intl.NumberFormat(locale, { useGrouping: this.grouping, ...options }).format(value);
  }

  money(value, currency, digits = 2) {
    const options = { minimumFractionDigits: 2, maximumFractionDigits: digits };
    try {
      return this.number(value, { style: "currency", currency, ...options });
    } catch {
      // A co-op's own money has no sign that browsers know.
      return `${this.number(value, options)} ${currency}`;
    }
  }

  price(value, currency) {
    return this.money(value, currency, 4);
  }

  energy(wh) {
    const digits = Math.abs(wh) < KILO ? 3 : 2;
    return `${this.number(wh / KILO, { maximumFractionDigits: digits })} kWh`;
  }

  time(instant) {
    return this.#moment(instant, { hour: "numeric", minute: "2-digit" });
  }

  /** Name the day that begins at an instant where the home is. */
  day(instant) {
    return this.#moment(instant, { day: "numeric", month: "short" }, this.home);
  }

  /** Name the month that begins at an instant where the home is. */
  month(instant) {
    return this.#moment(instant, { month: "short", year: "numeric" }, this.home);
  }

  dayAndTime(instant) {
    const options = { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" };
    return this.#moment(instant, options);
  }

  #moment(instant, options, timeZone = this.zone) {
    const clock = "hour" in options ? this.hours : {};
    const all = { ...options, ...clock, timeZone };
    return new Intl.DateTimeFormat(this.clock, all).format(instant);
  }
}
