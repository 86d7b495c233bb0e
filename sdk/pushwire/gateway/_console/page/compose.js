// Sends messages. An operation's message is edited as a form and as JSON; any other text is sent unchanged.

import { byId, make, say } from "./dom.js";
import { firstMessage, showForm } from "./form.js";
import { command } from "./commands.js";

const ANY_TEXT = "";
const DIRECTIONS = { "true,false": "client to server", "false,true": "server to client", "true,true": "both directions" };

/** @param {{connectionId: () => string | null}} chosen Returns the id of the selected connection, or `null`. */
export function startComposing(chosen) {
  const form = byId("compose");
  const select = byId("operation");
  const text = byId("json");
  const message = byId("message");
  const drafts = new Map(); // texts, by operation
  let operations = new Map();

  const operation = () => operations.get(select.value);
  const keepDraft = () => drafts.set(select.value, text.value);

  function showOperation() {
    const current = operation();
    text.value = drafts.get(select.value) ?? (current ? JSON.stringify(firstMessage(current.schema)) : "");
    byId("json-label").textContent = current ? "JSON" : "Text";
    byId("operation-description").textContent = current
      ? `${DIRECTIONS[[current.inbound, current.outbound]]} · route ${current.route} · sent as ${current.format.toUpperCase()}`
      : "Sent unchanged, without a check against the contract.";
    message.hidden = current === undefined;
    byId("send-as-client").hidden = current !== undefined && !current.inbound;
    byId("send-as-server").hidden = current !== undefined && !current.outbound;
    say(byId("compose-said"), "");
    followText();
  }

  /** Update the form from the text. */
  function followText() {
    const current = operation();
    byId("json-said").textContent = "";
    text.removeAttribute("aria-invalid");
    message.disabled = false;
    if (!current) return;
    let value;
    try {
      value = JSON.parse(text.value);
    } catch (error) {
      byId("json-said").textContent = `Invalid JSON: ${error.message}`;
      text.setAttribute("aria-invalid", "true");
      message.disabled = true;
      return;
    }
    const write = (changed) => {
      value = changed;
      text.value = JSON.stringify(value, null, 2);
      keepDraft();
    };
    showForm(message, current.schema, () => value, write);
  }

  async function send(as) {
    const said = byId("compose-said");
    const connectionId = chosen.connectionId();
    if (connectionId === null) {
      say(said, "Select a connection first.", "bad");
      return;
    }
    try {
      const current = operation();
      const frame = current ? await encode(current) : text.value;
      await command(`send-as-${as}`, { connectionId, text: frame });
      say(said, as === "client" ? `Sent as ${connectionId}.` : `Posted to ${connectionId}.`);
    } catch (error) {
      say(said, error.message, "bad");
    }
  }

  /** Return the frame of the message. Why from the text: parsed JSON would lose digits of 64-bit numbers. */
  async function encode({ fullName, route }) {
    JSON.parse(text.value);
    const frame = `{"route":${JSON.stringify(route)},"payload":${text.value}}`;
    return (await command("encode", { operation: fullName, frame })).text;
  }

  select.addEventListener("change", showOperation);
  text.addEventListener("input", () => {
    keepDraft();
    followText();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fallback = byId("send-as-client").hidden ? "server" : "client";
    send(event.submitter?.value ?? fallback);
  });

  return {
    /** Replace the operations of the list. */
    offer(offered) {
      const before = select.options.length ? select.value : undefined;
      operations = new Map(offered.map((each) => [each.fullName, each]));
      const groups = [...new Set(offered.map((each) => each.service))].map((service) => {
        const members = offered.filter((each) => each.service === service);
        return make(
          "optgroup",
          { label: service },
          ...members.map(({ fullName, name }) => make("option", { value: fullName }, name)),
        );
      });
      select.replaceChildren(...groups, make("option", { value: ANY_TEXT }, "Any text"));
      if (before === ANY_TEXT || operations.has(before)) select.value = before;
      showOperation();
    },
  };
}
