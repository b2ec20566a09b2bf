// The figures of a chart as a table, for whoever does not see it or wants them exactly.

import { html } from "./elements.js";

/** Offer a table that is made when it is opened: a day can have more than a thousand rows. */
export function tableOf({ show, caption, columns, rows }) {
  const details = html("details", {}, html("summary", {}, show));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      details.append(scrolling(caption, columns, rows()));
    }
  });
  return details;
}

function scrolling(caption, columns, rows) {
  const head = html("tr", {}, columns.map((name) => html("th", { scope: "col" }, name)));
  const body = rows.map(([first, ...others]) =>
    html("tr", {}, html("th", { scope: "row" }, first), others.map((text) => html("td", {}, text))),
  );
  const table = html("table", {}, html("caption", {}, caption), html("thead", {}, head), html("tbody", {}, body));
  return html("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
}
