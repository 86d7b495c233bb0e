// The activity log: one line for each entry of the feed, with the details of a frame below it.

import { byId, make, timeOf } from "./dom.js";

const MOST = 500;
const SHOWN_OF_ID = 6;
const PAUSE_MILLISECONDS = 30;
const FRAMES = new Set(["received", "delivered"]);

/** @param {{connectionId: () => string | null}} chosen Returns the id of the selected connection, or `null`. */
export function startActivity(chosen) {
  const list = byId("activity");
  let waiting = [];
  let timer = null;
  const requests = new Map(); // lines of requests without a reply, by connection and id

  function showWaiting() {
    timer = null;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(...waiting.splice(0).map(line));
    while (list.children.length > MOST) list.firstElementChild.remove();
    for (const [key, { item }] of requests) if (!item.isConnected) requests.delete(key);
    showEmptiness();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  function filter() {
    const onlyChosen = byId("show-chosen").checked;
    list.classList.toggle("no-frames", !byId("show-frames").checked);
    list.classList.toggle("no-events", !byId("show-events").checked);
    for (const item of list.children) item.hidden = onlyChosen && item.dataset.connection !== chosen.connectionId();
    showEmptiness();
  }

  function showEmptiness() {
    byId("no-activity").hidden = list.children.length > 0;
  }

  function line(entry) {
    const isFrame = FRAMES.has(entry.kind);
    const item = make("li", { class: isFrame ? "frame" : "event", "data-connection": entry.connectionId });
    item.append(isFrame ? frameLine(entry) : make("div", { class: "line" }, ...lineOf(entry, ...eventWords(entry))));
    item.hidden = byId("show-chosen").checked && entry.connectionId !== chosen.connectionId();
    if (isFrame) pair(entry, item);
    return item;
  }

  /** Show the time between a request and its reply on both lines. */
  function pair({ kind, at, connectionId, frame }, item) {
    if (kind === "received" && frame?.id !== undefined) requests.set(`${connectionId} ${frame.id}`, { at, item });
    if (kind !== "delivered" || frame?.replyTo === undefined) return;
    const key = `${connectionId} ${frame.replyTo}`;
    const request = requests.get(key);
    requests.delete(key);
    if (request === undefined) return;
    const milliseconds = Math.max(0, Math.round((at - request.at) * 1000)).toLocaleString("en");
    const verb = frame.error === undefined ? "replied" : "refused";
    request.item.querySelector(".what").append(make("span", { class: "paired" }, ` ${verb} after ${milliseconds} ms`));
    item.querySelector(".what").append(make("span", { class: "paired" }, ` ${milliseconds} ms after its request`));
  }

  for (const id of ["show-frames", "show-events", "show-chosen"]) byId(id).addEventListener("change", filter);
  byId("clear").addEventListener("click", () => {
    list.replaceChildren();
    requests.clear();
    showEmptiness();
  });

  return {
    filter,
    /** Replace all entries. */
    show(entries) {
      waiting = [];
      requests.clear();
      list.replaceChildren(...entries.map(line));
      showEmptiness();
      list.scrollTop = list.scrollHeight;
    },
    /** Add an entry. Why with a delay: entries that arrive together are rendered in one step. */
    add(entry) {
      waiting.push(entry);
      if (waiting.length > MOST) waiting.shift();
      timer ??= setTimeout(showWaiting, PAUSE_MILLISECONDS);
    },
  };
}

function lineOf(entry, tag, mood, ...words) {
  return [
    timeOf(entry.at),
    make("span", { class: `tag ${mood}` }, tag),
    make("span", { class: "what" }, ...words),
    make("code", { class: "whose", title: entry.connectionId }, entry.connectionId.slice(0, SHOWN_OF_ID)),
  ];
}

function frameLine(entry) {
  const { kind, text, frame, routeKey, cause } = entry;
  const [tag, mood] = tagOf(kind, frame);
  const title = make("b", {}, titleOf(entry));
  const preview = make(
    "span",
    { class: "preview" },
    frame?.message === undefined ? text : JSON.stringify(frame.message),
  );
  const reason = frame?.reason === undefined ? null : make("span", { class: "reason" }, frame.reason);
  const facts = [
    entry.connectionId,
    frame?.operation,
    frame?.format && `${frame.format.toUpperCase()} frame`,
    frame?.id !== undefined && `id ${frame.id}`,
    frame?.replyTo !== undefined && `reply to ${frame.replyTo}`,
    kind === "received" && (routeKey === null ? "no route matched" : `route ${routeKey}`),
    cause && { post: "a post", reply: "a route response", error: "an error frame" }[cause],
    `${text.length.toLocaleString("en")} characters`,
  ];
  const details = make(
    "details",
    { ontoggle: () => details.open && details.scrollIntoView({ block: "nearest" }) },
    make("summary", { class: "line" }, ...lineOf(entry, tag, mood, title, " ", preview), reason),
    make("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    frame?.message === undefined ? null : block("Message", JSON.stringify(frame.message, null, 2)),
    block("Frame", text),
  );
  return details;
}

function tagOf(kind, frame) {
  if (kind === "received") return [frame?.id === undefined ? "from client" : "request", "in"];
  return [frame?.replyTo === undefined ? "to client" : "reply", "out"];
}

function titleOf({ frame, routeKey }) {
  if (frame?.name) return frame.error ? `${frame.name}: ${frame.error}` : frame.name;
  if (frame?.error) return frame.error;
  return frame?.reason ? "not decoded" : (routeKey ?? "text");
}

const block = (label, text) =>
  make("div", { class: "block" }, make("span", {}, label), make("pre", { tabindex: "0", "aria-label": label }, text));

function eventWords({ kind, sourceIp, subprotocol, status, routeKey, statusCode, failure, method, code, reason }) {
  switch (kind) {
    case "connected":
      return ["connected", "event", `from ${sourceIp}${subprotocol ? `, subprotocol ${subprotocol}` : ""}`];
    case "refused":
      return ["refused", "bad", `the handshake got status ${status}`];
    case "invoked":
      return failure === undefined
        ? ["handler", "event", `${routeKey} returned ${statusCode}`]
        : ["handler", "bad", `${routeKey} failed: ${failure}`];
    case "called":
      return status === 0 || status >= 400
        ? ["call", "bad", callWords(method, status)]
        : ["call", "event", callWords(method, status)];
    case "ended":
      return ["ended", "event", [code, reason].filter((word) => word !== "").join(" ")];
    default:
      return [kind, "event"];
  }
}

const callWords = (method, status) => `${method} @connections: ${status === 0 ? "connection aborted" : status}`;
