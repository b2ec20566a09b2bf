// The dashboard's own words, in the language of whoever looks.

import { de } from "./words/de.js";
import { en } from "./words/en.js";
import { es } from "./words/es.js";
import { fr } from "./words/fr.js";
import { it } from "./words/it.js";

export const LANGUAGES = { de, en, es, fr, it };

/** Return the words of a language like "de" or "de-CH"; English where we have none. */
export function wordsOf(language) {
  return LANGUAGES[language] ?? LANGUAGES[language?.split("-")[0]] ?? en;
}

/** Return the language that the page is written in, where nobody hands us Home Assistant. */
export function pageLanguage() {
  return document.documentElement.lang;
}

/** Put values into the places of a text: "{name}". */
export function filled(text, values) {
  return text.replaceAll(/\{(\w+)\}/gu, (_, name) => String(values[name]));
}
