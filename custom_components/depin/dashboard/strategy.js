// The dashboard: a page for each market of each co-op, of Home Assistant's cards and of ours.

import { filled, wordsOf } from "./words.js";

const PRICES = ["sell_price", "buy_price", "community_price"];
const TODAY = ["net_today", "sold_today", "bought_today", "balance"];
const TRADING = ["strategy", "trading", "reserve_price", "maximum_price", "surplus_share", "negative_price_guard"];
const TRUST = ["books_verified", "node_reachable", "market_open"];
const POWERS = ["grid_power", "production_power", "battery_power", "charger_power", "sub_power", "feeder_power"];

export class DepinDashboard extends HTMLElement {
  static registryDependencies = ["entities", "devices"];
  static noEditor = true;

  static getCreateSuggestions(hass) {
    return { title: wordsOf(hass.language).dashboard.name, icon: "mdi:home-lightning-bolt" };
  }

  static async generate(_config, hass) {
    const words = wordsOf(hass.language).dashboard;
    const memberships = await hass.callWS({ type: "depin/memberships" });
    const views = memberships.flatMap((membership) => viewsOf(membership, hass, words));
    return { title: words.name, views: views.length > 0 ? views : [emptyView(words)] };
  }
}

function viewsOf(membership, hass, words) {
  const { entry_id, title, markets } = membership;
  if (markets.length === 0) {
    return [pageOf(entry_id, title, [waiting(title, words), trust(membership, hass)])];
  }
  return markets.map((market) => {
    const name = markets.length > 1 ? `${title} ${market.name}` : title;
    return pageOf(`${entry_id}-${market.name}`, name, [
      about("prices", membership, market, hass, PRICES),
      about("earnings", membership, market, hass, TODAY),
      about("neighbourhood", membership, market, hass, []),
      trust(membership, hass),
      titled(words.trading, "mdi:strategy", tiles(hass, ids(membership, market), TRADING)),
      titled(words.devices, "mdi:home-lightning-bolt-outline", tiles(hass, membership.devices, POWERS)),
    ]);
  });
}

function pageOf(path, title, sections) {
  const filledOnes = sections.filter(({ cards }) => cards.length > 0);
  return { type: "sections", path, title, max_columns: 3, sections: filledOnes };
}

function section(cards) {
  return { type: "grid", cards };
}

/** Put a heading over tiles, where there are any; our own cards have theirs. */
function titled(heading, icon, cards) {
  return section(cards.length > 0 ? [{ type: "heading", heading, icon }, ...cards] : []);
}

/** Show a card of a market, and below it what entities say of the same. */
function about(kind, membership, market, hass, names) {
  const card = { type: `custom:depin-${kind}`, entry_id: membership.entry_id, market: market.name };
  return section([card, ...tiles(hass, ids(membership, market), names)]);
}

function trust(membership, hass) {
  const devices = [membership.device_id, ...membership.markets.map((market) => market.device_id)];
  const card = { type: "custom:depin-proofs", entry_id: membership.entry_id };
  return section([card, ...tiles(hass, devices, TRUST)]);
}

function waiting(title, words) {
  return section([{ type: "markdown", content: filled(words.no_market, { title }) }]);
}

function emptyView(words) {
  const link = "[DePIN](/config/integrations/integration/depin)";
  const content = filled(words.no_membership, { link });
  return pageOf("home", words.name, [section([{ type: "markdown", content }])]);
}

function ids({ device_id }, market) {
  return [market.device_id, device_id];
}

/** Return a tile for each entity of these names that some of the devices has and shows. */
function tiles(hass, devices, names) {
  const ours = Object.values(hass.entities).filter(
    (entity) => entity.platform === "depin" && !entity.hidden && devices.includes(entity.device_id),
  );
  return names.flatMap((name) =>
    ours
      .filter((entity) => entity.translation_key === name)
      .map((entity) => ({ type: "tile", entity: entity.entity_id, name: { type: "entity" } })),
  );
}
