// The list of injected faults, and the form that injects another.

import { byId, make, newId, say } from "./dom.js";
import { command } from "./commands.js";

/** @param {{connectionId: () => string | null}} chosen Returns the id of the selected connection, or `null`. */
export function startFaults(chosen) {
  const select = byId("fault-kind");
  let kinds = new Map();

  function showKind() {
    const { description, numbers } = kinds.get(select.value);
    byId("fault-description").textContent = description;
    byId("fault-numbers").replaceChildren(
      ...numbers.map(({ name, default: start }) => {
        const id = newId();
        const label = make("label", { for: id }, name.replaceAll("_", " "));
        return make("div", { class: "field" }, label, make("input", { id, name, inputmode: "decimal", value: start }));
      }),
    );
  }

  async function act(name, body, done) {
    const said = byId("faults-said");
    try {
      await command(name, body);
      say(said, done);
    } catch (error) {
      say(said, error.message, "bad");
    }
  }

  const numberOf = (input) => (input.value.trim() === "" ? null : Number(input.value));

  select.addEventListener("change", showKind);
  byId("fault").addEventListener("submit", (event) => {
    event.preventDefault();
    const inputs = [...byId("fault-numbers").querySelectorAll("input")];
    const body = {
      kind: select.value,
      numbers: Object.fromEntries(inputs.map((input) => [input.name, numberOf(input)])),
      times: numberOf(byId("fault-times")),
      probability: numberOf(byId("fault-probability")) ?? 1,
      connectionId: byId("fault-chosen").checked ? chosen.connectionId() : null,
      onlyReplies: byId("fault-replies").checked,
    };
    if (byId("fault-chosen").checked && body.connectionId === null)
      say(byId("faults-said"), "Select a connection first.", "bad");
    else act("inject", body, "Injected.");
  });

  return {
    /** Replace the kinds of faults in the form. */
    offer(offered) {
      const before = select.value;
      kinds = new Map(offered.map((each) => [each.kind, each]));
      select.replaceChildren(...offered.map(({ kind }) => make("option", { value: kind }, wordsOf(kind))));
      if (kinds.has(before)) select.value = before;
      else showKind();
    },
    /** Replace the injected faults. */
    show(injections) {
      byId("faults").replaceChildren(
        ...injections.map(({ id, fault, connectionId, count }) => {
          const remove = () => act("remove", { id }, "Removed.");
          const label = `Remove ${fault}`;
          return make(
            "li",
            {},
            make("code", {}, fault),
            make("span", { class: "state" }, `${connectionId ?? "all connections"} · ${timesOf(count)}`),
            make("button", { type: "button", class: "quiet", "aria-label": label, onclick: remove }, "Remove"),
          );
        }),
      );
    },
  };
}

const timesOf = (count) => ["not applied yet", "applied once"][count] ?? `applied ${count} times`;

const wordsOf = (kind) => kind.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
