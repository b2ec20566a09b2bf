// How the cards look: in the theme's own colours, so light and dark are both right.

export const STYLES = `
:host { display: block; }
ha-card { overflow: hidden; }
h2 {
  color: var(--ha-card-header-color, var(--primary-text-color));
  margin: 0;
  padding: 16px 16px 0;
  font-size: var(--ha-font-size-l, 1.1rem);
  font-weight: var(--ha-font-weight-medium, 500);
  line-height: 1.3;
}
.content { padding: 8px 16px 16px; color: var(--primary-text-color); }
p { margin: 4px 0 8px; }
.quiet { color: var(--secondary-text-color); }
svg { display: block; width: 100%; overflow: visible; }
svg text { fill: var(--secondary-text-color); font-size: 11px; }
.grid { stroke: var(--divider-color); stroke-width: 1; }
.zero, .now { stroke: var(--secondary-text-color); stroke-width: 1; }
.now { stroke-dasharray: 2 2; }
.line { fill: none; stroke-width: 2; }
.buy { stroke: var(--energy-grid-consumption-color, #488fc2); }
.sell { stroke: var(--energy-grid-return-color, #8353d1); stroke-dasharray: 6 3; }
.pool { stroke: var(--energy-solar-color, #ff9800); stroke-dasharray: 2 3; }
.corridor { fill: var(--secondary-text-color); opacity: 0.12; }
.bought, .from-neighbours { fill: var(--energy-grid-consumption-color, #488fc2); }
.sold, .to-neighbours { fill: var(--energy-grid-return-color, #8353d1); }
.from-pool, .to-pool { fill: var(--energy-solar-color, #ff9800); }
.from-grid, .to-grid { fill: var(--disabled-color, #bdbdbd); }
.gain { fill: var(--energy-grid-return-color, #8353d1); }
.loss { fill: var(--energy-grid-consumption-color, #488fc2); }
.legend, .figures { list-style: none; margin: 8px 0 0; padding: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 0.85rem; }
.legend li, .figures dt { display: flex; align-items: center; gap: 6px; }
.legend svg, .figures svg { width: 20px; height: 12px; flex: none; }
.figures { display: grid; grid-template-columns: 1fr auto; gap: 4px 16px; }
.figures dt { color: var(--secondary-text-color); }
.figures dd { margin: 0; text-align: end; overflow-wrap: anywhere; }
.figures .whole { grid-column: 1 / -1; text-align: start; }
h3 { margin: 12px 0 4px; font-size: 1rem; font-weight: 500; }
.bar { height: 16px; border-radius: 4px; }
details { margin-top: 12px; }
summary, button { cursor: pointer; min-height: 32px; }
summary { display: list-item; line-height: 32px; }
:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 2px; }
.scroll { overflow: auto; max-height: 320px; }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; }
caption { text-align: start; color: var(--secondary-text-color); padding-bottom: 4px; }
th, td { padding: 4px 8px 4px 0; text-align: end; border-bottom: 1px solid var(--divider-color); }
th:first-child, td:first-child { text-align: start; }
thead th { font-weight: 500; vertical-align: bottom; }
.verdict { display: flex; align-items: center; gap: 12px; font-weight: 500; }
.verdict ha-icon { flex: none; }
.holds ha-icon { color: var(--success-color, #43a047); }
.fails ha-icon { color: var(--error-color, #db4437); }
button {
  margin-top: 12px;
  min-height: 40px;
  padding: 0 16px;
  border: 1px solid currentColor;
  border-radius: 20px;
  background: none;
  color: var(--primary-text-color);
  font: inherit;
}
button[aria-disabled="true"] { opacity: 0.7; cursor: default; }
`;
