// Keeps the duty page up to date. Only what changed is put in anew, and the keyboard's focus stays where it was.

import { announce } from "sansheng/status.js";

const EVERY_MS = 2000;
const place = document.getElementById("duty");

async function look() {
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("duty"));
  } finally {
    setTimeout(look, EVERY_MS);
  }
}

function put(fresh) {
  if (!fresh) return;
  const same = ["state", "needed"].every((name) => fresh.dataset[name] === place.dataset[name]);
  if (same) {
    document.getElementById("duty-now").replaceWith(fresh.querySelector("#duty-now"));
    return;
  }
  const focused = document.activeElement?.id;
  const phone = document.getElementById("phone")?.value;
  Object.assign(place.dataset, fresh.dataset);
  place.replaceChildren(...fresh.childNodes);
  if (phone && document.getElementById("phone")) document.getElementById("phone").value = phone;
  if (focused) document.getElementById(focused)?.focus();
  announce(place.querySelector(".duty-state").textContent.trim());
}

setTimeout(look, EVERY_MS);
