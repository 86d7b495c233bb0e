// Makes elements. Strings become text nodes, so that no outside input is parsed as HTML.

/** Return the element with an id. */
export const byId = (id) => document.getElementById(id);

/**
 * Make an element.
 *
 * `on…` are listeners, other names are attributes; `null`, `undefined` and `false` leave an attribute out. Strings among
 * the children become text.
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const FORMATS = [
  new Intl.DateTimeFormat(undefined, SECONDS),
  new Intl.DateTimeFormat(undefined, { ...SECONDS, fractionalSecondDigits: 3 }),
];

/** Make a `time` element from seconds since the epoch, with 0 or 3 digits of a second. Defaults to 3. */
export function timeOf(seconds, digits = 3) {
  const moment = new Date(seconds * 1000);
  return make("time", { datetime: moment.toISOString() }, FORMATS[digits === 3 ? 1 : 0].format(moment));
}

/** Set the text of a status element, with a mood for its color: `good` or `bad`. */
export function say(element, text, mood = "good") {
  element.dataset.mood = mood;
  element.textContent = text;
}

let lastId = 0;

/** Return an id that no other element has. */
export const newId = () => `made-${++lastId}`;
