// Test clients: WebSocket connections of this browser to the stage.

import { byId, make } from "./dom.js";

const MOST = 8;

/**
 * @param {{stage: () => string}} gateway Returns the name of the stage.
 * @param {{expect: () => void}} connections Selects the next connection that opens.
 */
export function startClients(gateway, connections) {
  const list = byId("clients");
  let number = 0;

  function connect(query) {
    number += 1;
    const name = `Client ${number}`;
    const url = `ws://${location.host}/${gateway.stage()}${query === "" ? "" : `?${query}`}`;
    const state = make("span", { class: "state" }, "connecting");
    const close = make(
      "button",
      { type: "button", class: "quiet", "aria-label": `Close ${name}`, onclick: end },
      "Close",
    );
    const row = make("li", {}, make("span", {}, name), state, close);
    const socket = new WebSocket(url);
    let received = 0;

    function end() {
      if (socket.readyState === WebSocket.CLOSED) row.remove();
      else socket.close(1000);
    }

    socket.addEventListener("open", () => {
      state.textContent = "open";
    });
    socket.addEventListener("message", () => {
      received += 1;
      state.textContent = `open, ${received} received`;
    });
    socket.addEventListener("close", ({ code, reason }) => {
      state.textContent = `closed ${code}${reason ? `, ${reason}` : ""}`;
      row.classList.add("over");
      close.textContent = "Remove";
      close.setAttribute("aria-label", `Remove ${name}`);
    });

    connections.expect();
    list.append(row);
    const over = list.querySelectorAll(".over");
    if (list.children.length > MOST && over.length) over[0].remove();
  }

  byId("client").addEventListener("submit", (event) => {
    event.preventDefault();
    connect(byId("client-query").value.trim().replace(/^\?/, ""));
  });
}
