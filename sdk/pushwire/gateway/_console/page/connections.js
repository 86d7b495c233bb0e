// The list of open connections, with the selected one.

import { byId, make, say, timeOf } from "./dom.js";
import { command } from "./commands.js";

/** @param {() => void} onchoice Called when another connection is selected. */
export function startConnections(onchoice) {
  const list = byId("connections");
  const connections = new Map(); // by id: each connection with its elements
  let chosenId = null;
  let chooseNext = false;

  function add(connection) {
    const { connectionId, connectedAt, sourceIp, userAgent } = connection;
    const counts = make("span", { class: "counts" });
    const radio = make("input", {
      type: "radio",
      name: "connection",
      value: connectionId,
      onchange: () => choose(connectionId),
    });
    const row = make(
      "label",
      { class: "connection" },
      radio,
      make("code", {}, connectionId),
      counts,
      make("span", { class: "about" }, "since ", timeOf(connectedAt, 0), `, ${sourceIp}`),
      make("span", { class: "about agent", title: userAgent ?? "" }, userAgent ?? "no user agent"),
    );
    list.append(row);
    connections.set(connectionId, { ...connection, row, radio, counts });
    showCounts(connectionId);
    if (chosenId === null || chooseNext) choose(connectionId);
    chooseNext = false;
    showNumber();
  }

  function remove(connectionId) {
    connections.get(connectionId)?.row.remove();
    connections.delete(connectionId);
    if (chosenId === connectionId) choose([...connections.keys()].at(-1) ?? null);
    showNumber();
  }

  function choose(connectionId) {
    chosenId = connectionId;
    const chosen = connections.get(connectionId);
    if (chosen) chosen.radio.checked = true;
    for (const id of ["disconnect", "drop", "silence"]) byId(id).disabled = chosen === undefined;
    onchoice();
  }

  function showCounts(connectionId) {
    const { counts, received, delivered } = connections.get(connectionId);
    counts.textContent = `${received} in · ${delivered} out`;
  }

  function showNumber() {
    byId("connections-count").textContent = connections.size;
    byId("no-connections").hidden = connections.size > 0;
  }

  async function act(name, done) {
    const said = byId("connections-said");
    try {
      const connectionId = chosenId;
      await command(name, { connectionId });
      say(said, `${connectionId} ${done}.`);
    } catch (error) {
      say(said, error.message, "bad");
    }
  }

  byId("disconnect").addEventListener("click", () => act("disconnect", "is disconnected"));
  byId("drop").addEventListener("click", () => act("drop", "is aborted"));
  byId("silence").addEventListener("click", () => act("silence", "is silenced"));
  choose(null);

  return {
    connectionId: () => chosenId,
    /** Select the next connection that opens. */
    expect() {
      chooseNext = true;
    },
    /** Replace all connections. */
    show(all) {
      const ids = new Set(all.map((each) => each.connectionId));
      for (const connectionId of [...connections.keys()]) if (!ids.has(connectionId)) remove(connectionId);
      for (const each of all) {
        if (!connections.has(each.connectionId)) add(each);
        Object.assign(connections.get(each.connectionId), { received: each.received, delivered: each.delivered });
        showCounts(each.connectionId);
      }
      showNumber();
    },
    /** Update the list with an entry of the feed. */
    follow(entry) {
      const { kind, connectionId } = entry;
      if (kind === "connected") add({ ...entry, connectedAt: entry.at, received: 0, delivered: 0 });
      else if (kind === "ended") remove(connectionId);
      else if ((kind === "received" || kind === "delivered") && connections.has(connectionId)) {
        connections.get(connectionId)[kind] += 1;
        showCounts(connectionId);
      }
    },
  };
}
