// Forms, made from the schemas of messages. A form edits a JSON value; empty controls unset their fields.

import { make, newId } from "./dom.js";
import { Schema, fits } from "./schema.js";

/** The position of a value in the message or in another value. Writing `undefined` unsets the value. */
class Place {
  constructor(read, write) {
    this.read = read;
    this.write = write;
  }

  at(name) {
    return new Place(
      () => this.#object()[name],
      (value) => {
        // Why without a prototype: then `__proto__` is an ordinary key.
        const object = Object.assign(Object.create(null), this.#object());
        if (value === undefined) delete object[name];
        else object[name] = value;
        this.write(object);
      },
    );
  }

  #object() {
    const value = this.read();
    return isObject(value) ? value : Object.create(null);
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Show the controls of a message.
 *
 * @param {Element} container The element for the controls. Its children are replaced, except its legend.
 * @param {object} root The message's schema.
 * @param {() => unknown} read Returns the message.
 * @param {(message: unknown) => void} write Called with the changed message.
 */
export function showForm(container, root, read, write) {
  const schema = new Schema(root);
  const shape = schema.shapeOf();
  const place = new Place(read, (value) => write(value === undefined ? startOf(shape) : value));
  const body = shape.kind === "message" ? fieldsOf(schema, shape, place) : [control(schema, shape, "value", place)];
  const nothing = make("p", { class: "hint" }, "This message has no fields.");
  container.replaceChildren(...container.querySelectorAll(":scope > legend"), ...(body.length ? body : [nothing]));
}

/** Return the initial message of a schema. */
export const firstMessage = (root) => startOf(new Schema(root).shapeOf());

function fieldsOf(schema, shape, place) {
  const parts = [];
  for (const [name, part] of shape.fields) {
    const oneof = shape.oneofs.find((names) => names.includes(name));
    if (oneof === undefined) parts.push(control(schema, schema.shapeOf(part), name, place.at(name)));
    else if (oneof[0] === name) parts.push(oneofControl(schema, new Map(shape.fields), oneof, place));
  }
  return parts;
}

function control(schema, shape, name, place) {
  switch (shape.kind) {
    case "message":
      return messageControl(schema, shape, name, place);
    case "list":
      return listControl(schema, shape, name, place);
    case "map":
      return mapControl(schema, shape, name, place);
    default:
      return labelled(name, shape, (id) => inputControl(shape, place, { id }));
  }
}

function labelled(name, shape, makeInput) {
  const id = newId();
  const type = make("span", { class: "type" }, shape.type);
  return make("div", { class: "field" }, make("label", { for: id }, name, " ", type), makeInput(id));
}

// Single values

function inputControl(shape, place, attributes) {
  switch (shape.kind) {
    case "boolean":
      return choice(["", "true", "false"], place, attributes, (text) => text === "true");
    case "enum":
      return choice(["", ...shape.names], place, attributes, (text) => text);
    case "json":
      return jsonInput(place, attributes);
    default:
      return textInput(shape, place, attributes);
  }
}

function choice(options, place, attributes, parse) {
  const value = place.read();
  const shown = value === undefined || value === null ? "" : String(value);
  // Why: the message may have a value that is not an option, such as a name of a newer version of the enum.
  const all = options.includes(shown) ? options : [...options, shown];
  const select = make(
    "select",
    { ...attributes, onchange: () => place.write(select.value === "" ? undefined : parse(select.value)) },
    ...all.map((text) => make("option", { value: text, selected: text === shown }, text === "" ? "unset" : text)),
  );
  return select;
}

function textInput(shape, place, attributes) {
  const value = place.read();
  const input = make("input", {
    ...attributes,
    value:
      value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value),
    placeholder: shape.hint,
    inputmode: { integer: "numeric", number: "decimal" }[shape.kind],
    spellcheck: "false",
    oninput: () => {
      place.write(input.value === "" ? undefined : parseText(shape, input.value));
      check();
    },
  });
  const check = () => {
    const isWrong = input.value !== "" && !fits(shape.pattern, input.value);
    input.setAttribute("aria-invalid", isWrong);
    input.title = isWrong ? `Not a valid ${shape.type}` : "";
  };
  check();
  return input;
}

function parseText(shape, text) {
  const isNumber = (shape.kind === "integer" && !shape.isText) || shape.kind === "number";
  const number = Number(text);
  // Why only exact numbers: others would lose digits. The gateway reports an error for text that is not a number.
  const isExact = Number.isFinite(number) && (shape.kind === "number" || Number.isSafeInteger(number));
  return isNumber && text.trim() !== "" && isExact ? number : text;
}

function jsonInput(place, attributes) {
  const value = place.read();
  const input = make("textarea", {
    ...attributes,
    rows: "2",
    spellcheck: "false",
    oninput: () => {
      let parsed;
      try {
        parsed = input.value.trim() === "" ? undefined : JSON.parse(input.value);
        input.removeAttribute("aria-invalid");
      } catch {
        input.setAttribute("aria-invalid", "true");
        return;
      }
      place.write(parsed);
    },
  });
  input.value = value === undefined ? "" : JSON.stringify(value);
  return input;
}

// Messages, lists and maps

/** Make a group of controls. `render` makes them again when the structure changes; `show` then sets the focus. */
function group(legend, type, render) {
  const fieldset = make("fieldset", { class: "group" });
  const title = make("legend", {}, legend, " ", make("span", { class: "type" }, type));
  const show = (focus) => {
    fieldset.replaceChildren(title, ...render(show));
    if (focus === "first") enter(fieldset.querySelector(".fresh :is(input, select, textarea, button)"));
    if (focus === "last") [...fieldset.querySelectorAll(":scope > button")].at(-1)?.focus();
  };
  show();
  return fieldset;
}

/** Focus a control and select its text. */
function enter(control) {
  control?.focus();
  control?.select?.();
}

const button = (text, label, onclick) =>
  make("button", { type: "button", class: "quiet", "aria-label": label, onclick }, text);

function messageControl(schema, shape, name, place) {
  return group(name, shape.type, (show) => {
    if (place.read() === undefined || place.read() === null) {
      const set = () => {
        place.write({});
        show("first");
      };
      return [button("Set", `Set ${name}`, set)];
    }
    const unset = () => {
      place.write(undefined);
      show("last");
    };
    return [
      make("div", { class: "fields fresh" }, ...fieldsOf(schema, shape, place)),
      button("Unset", `Unset ${name}`, unset),
    ];
  });
}

function oneofControl(schema, fields, names, place) {
  const chosenName = () => names.find((name) => ![undefined, null].includes(place.at(name).read()));
  return group("One of", names.join(", "), (show) => {
    const chosen = chosenName() ?? "";
    const choose = () => {
      const others = Object.assign(Object.create(null), place.read());
      for (const name of names) delete others[name];
      if (select.value !== "") others[select.value] = startOf(schema.shapeOf(fields.get(select.value)));
      place.write(others);
      show();
      select.focus();
    };
    const select = make(
      "select",
      { "aria-label": `One of ${names.join(", ")}`, onchange: choose },
      ...["", ...names].map((name) =>
        make("option", { value: name, selected: name === chosen }, name === "" ? "none" : name),
      ),
    );
    return chosen === ""
      ? [select]
      : [select, control(schema, schema.shapeOf(fields.get(chosen)), chosen, place.at(chosen))];
  });
}

/** Return the initial value of a shape. */
function startOf(shape) {
  switch (shape.kind) {
    case "message":
    case "map":
      return {};
    case "list":
      return [];
    case "boolean":
      return false;
    case "integer":
      return shape.isText ? "0" : 0;
    case "number":
      return 0;
    case "enum":
      return shape.names[0];
    default:
      return shape.kind === "json" ? null : "";
  }
}

function listControl(schema, shape, name, place) {
  const itemShape = schema.shapeOf(shape.item);
  const items = () => (Array.isArray(place.read()) ? place.read() : []);
  return group(name, `list of ${itemShape.type}`, (show) => {
    const rows = items().map((_, index) => {
      const itemPlace = new Place(
        () => items()[index],
        (value) =>
          place.write(
            items().map((item, at) => (at === index ? (value === undefined ? startOf(itemShape) : value) : item)),
          ),
      );
      const remove = () => {
        place.write(items().length === 1 ? undefined : items().filter((_item, at) => at !== index));
        show("last");
      };
      const isFresh = index === items().length - 1;
      return make(
        "div",
        { class: isFresh ? "row fresh" : "row" },
        itemControl(schema, itemShape, `${name} ${index + 1}`, itemPlace),
        button("Remove", `Remove ${name} ${index + 1}`, remove),
      );
    });
    const add = () => {
      place.write([...items(), startOf(itemShape)]);
      show("first");
    };
    return [...rows, button("Add", `Add to ${name}`, add)];
  });
}

function itemControl(schema, shape, name, place) {
  if (["message", "list", "map"].includes(shape.kind)) {
    return make(
      "div",
      { class: "fields" },
      ...(shape.kind === "message" ? fieldsOf(schema, shape, place) : [control(schema, shape, name, place)]),
    );
  }
  return inputControl(shape, place, { "aria-label": name });
}

function mapControl(schema, shape, name, place) {
  const valueShape = schema.shapeOf(shape.value);
  const entries = () => (isObject(place.read()) ? Object.entries(place.read()) : []);
  const writeEntries = (changed) => {
    const object = Object.create(null);
    for (const [key, value] of changed) object[key] = value;
    place.write(changed.length ? object : undefined);
  };
  return group(name, `map of ${valueShape.type}`, (show) => {
    const rows = entries().map(([key], index) => {
      const keyInput = make("input", {
        "aria-label": `Key ${index + 1} of ${name}`,
        class: "key",
        value: key,
        spellcheck: "false",
        onchange: () => {
          if (entries().some(([other], at) => at !== index && other === keyInput.value)) {
            keyInput.setAttribute("aria-invalid", "true");
            keyInput.title = "The map already has this key";
            return;
          }
          writeEntries(entries().map(([other, value], at) => [at === index ? keyInput.value : other, value]));
          keyInput.removeAttribute("aria-invalid");
          show();
        },
      });
      if (!fits(shape.keys, key)) keyInput.setAttribute("aria-invalid", "true");
      const valuePlace = new Place(
        () => entries()[index]?.[1],
        (value) =>
          writeEntries(
            entries().map(([other, old], at) => [
              other,
              at === index ? (value === undefined ? startOf(valueShape) : value) : old,
            ]),
          ),
      );
      const remove = () => {
        writeEntries(entries().filter((_entry, at) => at !== index));
        show("last");
      };
      return make(
        "div",
        { class: index === entries().length - 1 ? "row fresh" : "row" },
        keyInput,
        itemControl(schema, valueShape, `Value ${index + 1} of ${name}`, valuePlace),
        button("Remove", `Remove entry ${index + 1} of ${name}`, remove),
      );
    });
    const add = () => {
      const keys = entries().map(([key]) => key);
      writeEntries([
        ...entries(),
        [
          ["", "1", "2", ...keys.map((_key, at) => `${at + 3}`)].find((key) => !keys.includes(key)),
          startOf(valueShape),
        ],
      ]);
      show("first");
    };
    return [...rows, button("Add", `Add to ${name}`, add)];
  });
}
