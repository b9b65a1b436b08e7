// Keeps the wall up to date: server-sent events, and asking every second where they do not come.
// The clocks on it run here, by the server's time; only a change of the alarms is said to screen readers.

import { announce } from "sansheng/status.js";
import { clock } from "sansheng/clock.js";

const POLL_MS = 1000;
const SILENT_MS = 15000;
const PATIENCE_MS = 5000;
const AGAIN_MS = 30000;
const SAY_EVERY_MS = 15000;
const STALE_S = 10;

const place = document.getElementById("board");
const age = document.getElementById("age");
const hold = document.getElementById("hold");
const shown = new Map();
let heardAt = Date.now();
let ahead = 0;
let compareClocks = true;
let source = null;
let polling = null;
let asking = false;
let said = "";
let saidAt = -Infinity;
let toSay = null;

// `ahead` is how far this machine's clock is ahead of the server's: the least difference seen on a line, for
// what is above it is the way here.
const serverNow = () => Date.now() - ahead;
const secondsSince = (iso) => Math.max(0, (serverNow() - Date.parse(iso)) / 1000);
const alarmsOf = () => [...place.querySelectorAll(".alarm > span:first-child")].map((e) => e.textContent).join("; ");

function tick() {
  for (const element of document.querySelectorAll("[data-since]")) {
    const text = clock(secondsSince(element.dataset.since));
    if (element.textContent !== text) element.textContent = text;
  }
  const silent = (Date.now() - heardAt) / 1000;
  const factsAt = place.firstElementChild?.dataset.factsAt;
  const lost = silent > SILENT_MS / 1000;
  const old = factsAt ? secondsSince(factsAt) : null;
  age.classList.toggle("stale", lost || old === null || old > STALE_S);
  if (lost) age.textContent = age.dataset.lost.replace("{age}", clock(silent));
  else age.textContent = old === null ? age.dataset.none : age.dataset.fresh.replace("{age}", clock(old));
}

// Alarms are said when they change, politely, and not more often than every quarter of a minute.
function say() {
  clearTimeout(toSay);
  toSay = setTimeout(
    () => {
      const alarms = alarmsOf();
      if (alarms === said) return;
      said = alarms;
      saidAt = Date.now();
      announce(alarms || place.querySelector(".calm").textContent);
    },
    Math.max(0, saidAt + SAY_EVERY_MS - Date.now()),
  );
}

// Only parts that changed are put in anew, so that a reader's place and the keyboard's focus stay.
function put(board) {
  const fresh = board.firstElementChild;
  for (const clockFace of fresh.querySelectorAll("[data-since]")) clockFace.textContent = "";
  const old = place.firstElementChild;
  Object.assign(old.dataset, fresh.dataset);
  for (const part of fresh.querySelectorAll("[id^=wall-]")) {
    const html = part.outerHTML;
    if (shown.get(part.id) === html) continue;
    shown.set(part.id, html);
    const focus = document.activeElement?.closest(`#${part.id}`) ? document.activeElement.id : "";
    document.getElementById(part.id).replaceWith(part);
    if (focus) document.getElementById(focus)?.focus();
  }
}

function show(html) {
  heardAt = Date.now();
  if (hold.getAttribute("aria-pressed") === "true") return;
  const board = new DOMParser().parseFromString(html, "text/html").body;
  const difference = Date.now() - Date.parse(board.firstElementChild.dataset.at);
  ahead = compareClocks ? difference : Math.min(ahead, difference);
  compareClocks = false;
  put(board);
  tick();
  if (alarmsOf() !== said) say();
}

async function poll() {
  if (asking) return;
  asking = true;
  try {
    const response = await fetch("/wall/board", { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok && !response.redirected) show(await response.text());
    else if (response.redirected || response.status === 401) window.location.reload();
  } catch {
    // No connection: the age on the page says so, and the next poll tries again.
  } finally {
    asking = false;
  }
}

function listen() {
  clearInterval(polling);
  polling = null;
  compareClocks = true;
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
said = alarmsOf();
tick();
listen();
