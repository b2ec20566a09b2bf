// What Home Assistant's page loads: makes the dashboard and its cards known.

import { BalanceCard } from "./balance_card.js";
import { EarningsCard } from "./earnings_card.js";
import { PricesCard } from "./prices_card.js";
import { ProofsCard } from "./proofs_card.js";
import { DepinDashboard } from "./strategy.js";
import { pageLanguage, wordsOf } from "./words.js";

const DOCUMENTATION = "https://github.com/depin-energy/home-assistant-depin/blob/main/docs/dashboard.md";
const CARDS = [PricesCard, BalanceCard, EarningsCard, ProofsCard];

// Home Assistant brings its own registry of elements: what is defined before is lost to it.
await customElements.whenDefined("home-assistant");

for (const card of CARDS) {
  customElements.define(`depin-${card.kind}`, card);
}
customElements.define("ll-strategy-dashboard-depin", DepinDashboard);

const words = wordsOf(pageLanguage());
window.customCards ??= [];
for (const card of CARDS) {
  window.customCards.push({
    type: `depin-${card.kind}`,
    name: words[card.kind].name,
    description: words[card.kind].description,
    preview: true,
    documentationURL: DOCUMENTATION,
    getEntitySuggestion: (hass, entityId) => card.suggestionFor(hass, entityId),
  });
}
window.customStrategies ??= [];
window.customStrategies.push({
  type: "depin",
  strategyType: "dashboard",
  name: words.dashboard.name,
  description: words.dashboard.description,
  documentationURL: DOCUMENTATION,
});
