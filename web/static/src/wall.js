// Keeps the wall up to date: server-sent events, and asking every five seconds where they do not come.
// The clocks on it run here; only a change of the alarms is said to screen readers.

import { announce } from "sansheng/status.js";
import { clock } from "sansheng/clock.js";

const POLL_MS = 5000;
const SILENT_MS = 25000;
const AGAIN_MS = 30000;
const STALE_S = 10;

const place = document.getElementById("board");
const age = document.getElementById("age");
const hold = document.getElementById("hold");
let heardAt = Date.now();
let source = null;
let polling = null;

const secondsSince = (iso) => Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
const alarmsOf = () => [...place.querySelectorAll(".alarm > span:first-child")].map((e) => e.textContent).join("; ");

function tick() {
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = clock(secondsSince(element.dataset.since));
  }
  const silent = (Date.now() - heardAt) / 1000;
  const factsAt = place.firstElementChild?.dataset.factsAt;
  const lost = silent > SILENT_MS / 1000;
  const old = factsAt ? secondsSince(factsAt) : null;
  age.classList.toggle("stale", lost || old === null || old > STALE_S);
  if (lost) age.textContent = age.dataset.lost.replace("{age}", clock(silent));
  else age.textContent = old === null ? age.dataset.none : age.dataset.fresh.replace("{age}", clock(old));
}

function show(html) {
  heardAt = Date.now();
  if (hold.getAttribute("aria-pressed") === "true") return;
  const before = alarmsOf();
  place.innerHTML = html;
  tick();
  if (alarmsOf() !== before) announce(alarmsOf() || place.querySelector(".calm").textContent);
}

async function poll() {
  try {
    const response = await fetch("/wall/board", { credentials: "same-origin" });
    if (response.ok && !response.redirected) show(await response.text());
    else if (response.redirected || response.status === 401) window.location.reload();
  } catch {
    // No connection: the age on the page says so, and the next poll tries again.
  }
}

function listen() {
  clearInterval(polling);
  polling = null;
  source = new EventSource("/wall/stream");
  source.addEventListener("board", (event) => show(event.data));
  source.addEventListener("alive", () => {
    heardAt = Date.now();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) fallBack();
  });
}

function fallBack() {
  source.close();
  if (polling) return;
  poll();
  polling = setInterval(poll, POLL_MS);
  setTimeout(listen, AGAIN_MS);
}

hold.addEventListener("click", () => {
  hold.setAttribute("aria-pressed", String(hold.getAttribute("aria-pressed") !== "true"));
});
setInterval(() => {
  tick();
  if (!polling && Date.now() - heardAt > SILENT_MS) fallBack();
}, 1000);
tick();
listen();
