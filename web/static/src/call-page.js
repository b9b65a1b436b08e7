// Puts the parts of the call page together: player, waveform, transcript, score sheet, shortcuts.

import { announce } from "sansheng/status.js";
import { clock } from "sansheng/clock.js";
import { Player } from "sansheng/player.js";
import { ScoreSheet } from "sansheng/score-sheet.js";
import { Shortcuts } from "sansheng/shortcuts.js";
import { TranscriptView } from "sansheng/transcript.js";
import { Waveform } from "sansheng/waveform.js";

const call = JSON.parse(document.getElementById("call-facts").textContent);
const texts = call.texts;
const element = (id) => document.getElementById(id);
const player = new Player({ url: call.audio, duration: call.duration, quiet: call.quiet, key: call.recording });
const sheetRoot = element("sheet");
const sheet = sheetRoot ? new ScoreSheet(sheetRoot, player) : null;
const list = element("transcript-list");
if (list) new TranscriptView(list, player, { follow: element("follow") });

function showTime() {
  const shown = clock(player.time);
  element("time").textContent = shown;
  const slider = element("position");
  slider.value = player.time;
  slider.setAttribute("aria-valuetext", `${shown} / ${clock(call.duration)}`);
}

function showState() {
  const button = element("play");
  button.setAttribute("aria-label", player.playing ? texts.pause : texts.play);
  button.classList.toggle("is-playing", player.playing);
}

player.addEventListener("time", showTime);
player.addEventListener("state", showState);
player.addEventListener("trouble", () => {
  element("player-trouble").hidden = false;
});

element("play").addEventListener("click", () => player.toggle());
element("back").addEventListener("click", () => player.skip(-5));
element("forward").addEventListener("click", () => player.skip(5));
element("position").addEventListener("input", (event) => player.seek(Number(event.target.value)));
element("speed").addEventListener("change", (event) => player.setRate(Number(event.target.value)));
element("skip-silence").addEventListener("click", (event) => {
  player.skipsSilence = !player.skipsSilence;
  event.currentTarget.setAttribute("aria-pressed", String(player.skipsSilence));
});

let waveform = null;
Waveform.create(element("waveform"), player, call).then(
  (made) => {
    waveform = made;
  },
  () => {
    element("waveform").textContent = texts.noWaveform;
  },
);
element("zoom").addEventListener("input", (event) => waveform?.zoom(Number(event.target.value)));
player.addEventListener("loop", () => waveform?.showLoop(player.loop));

const loopButton = element("loop");
function stepLoop() {
  const { start, end } = player.loop;
  if (start === null) player.setLoop(player.time, null);
  else if (end === null && player.time > start + 0.2) player.setLoop(start, player.time);
  else player.setLoop(null, null);
  const state = player.loop.start === null ? "off" : player.loop.end === null ? "start" : "on";
  loopButton.setAttribute("aria-pressed", String(state !== "off"));
  loopButton.querySelector("span").textContent = texts.loop[state];
  announce(texts.loop[state]);
}
loopButton.addEventListener("click", stepLoop);

// Evidence chips, comment times and utterance times all seek and play.
document.addEventListener("click", (event) => {
  const seeker = event.target.closest("[data-seek]");
  if (seeker) player.seek(Number(seeker.dataset.seek), { play: true });
});

// Comments: the time is taken when the field is entered.
const commentText = element("comment-text");
function takeTime() {
  element("comment-at").value = player.time.toFixed(2);
  element("comment-time").textContent = clock(player.time);
}
commentText?.addEventListener("focus", () => {
  if (!commentText.value) takeTime();
});

document.addEventListener("htmx:after:swap", () => {
  const shown = [...document.querySelectorAll("#comments [data-at]")];
  waveform?.pin(shown.map((item) => ({ at: Number(item.dataset.at), text: item.dataset.text })));
});
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.response || ctx.request.method === "GET") return;
  const saved = ctx.response.status < 400;
  announce(saved ? texts.saved : texts.notSaved);
  if (saved && ctx.sourceElement.id === "comment-form") {
    ctx.sourceElement.reset();
    element("comment-at").value = "";
  }
});

new Shortcuts(
  {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    j: () => player.skip(-5),
    l: () => player.skip(5),
    ArrowUp: () => sheet?.move(-1),
    ArrowDown: () => sheet?.move(1),
    1: () => sheet?.answer(1),
    2: () => sheet?.answer(2),
    3: () => sheet?.answer(3),
    e: () => sheet?.nextEvidence(),
    c: () => commentText?.focus(),
    r: () => stepLoop(),
    s: () => element("open-submit")?.click(),
    "?": () => element("shortcut-help").showModal(),
  },
  element("shortcuts-on"),
);

const asked = new URLSearchParams(location.hash.slice(1)).get("t");
if (asked) player.seek(Number(asked));
else if (player.resume()) announce(`${texts.resumed} ${clock(player.time)}`);
showTime();
