// Making elements: texts are set as texts, so that no name from outside is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function filledWith(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}

/** Make an element of HTML; functions among the attributes listen to events. */
export function html(tag, attributes = {}, ...children) {
  return filledWith(document.createElement(tag), attributes, children);
}

/** Make an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filledWith(document.createElementNS(SVG, tag), attributes, children);
}
