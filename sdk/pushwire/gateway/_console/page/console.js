// The page as a whole: reads the feed and updates the parts of the page.

import { startActivity } from "./activity.js";
import { startClients } from "./clients.js";
import { startComposing } from "./compose.js";
import { startConnections } from "./connections.js";
import { byId } from "./dom.js";
import { startFaults } from "./faults.js";

let stage = "";
let activity = null;

const connections = startConnections(() => activity?.filter());
activity = startActivity(connections);
const composing = startComposing(connections);
const faults = startFaults(connections);
startClients({ stage: () => stage }, connections);

function showLive(state, text) {
  byId("live").dataset.state = state;
  byId("live").textContent = text;
}

const feed = new EventSource("/$console/feed");
const on = (name, take) => feed.addEventListener(name, ({ data }) => take(JSON.parse(data)));

// The whole state; the first event of each connection to the feed.
on("snapshot", (snapshot) => {
  stage = snapshot.stage;
  byId("url").textContent = `ws://${location.host}/${stage}`;
  composing.offer(snapshot.operations);
  faults.offer(snapshot.kindsOfFaults);
  faults.show(snapshot.faults);
  connections.show(snapshot.connections);
  activity.show(snapshot.entries);
  showLive("live", "Live");
});
on("entry", (entry) => {
  connections.follow(entry);
  activity.add(entry);
});
on("faults", (injections) => faults.show(injections));
feed.addEventListener("error", () => showLive("waiting", "Waiting for the gateway"));
