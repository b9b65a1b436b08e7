// Draws the two voices of a recording from peaks the server made, with marks for evidence, holds and comments.

import WaveSurfer from "wavesurfer";
import RegionsPlugin from "wavesurfer/regions";
import TimelinePlugin from "wavesurfer/timeline";

const LANE_HEIGHT = 60;
const LANE_HEIGHT_NARROW = 40;
const SEARCHED_HEIGHT = 5;
const QUIETEST_FULL_SCALE = 12;

// Peaks come as one byte for each value: channel after channel, [minimum, maximum] pairs, 127 = full scale.
// Both lanes are stretched by the same factor, so a quiet party still looks quiet.
async function fetchPeaks(url, channels) {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`peaks: ${response.status}`);
  const bytes = new Int8Array(await response.arrayBuffer());
  const length = bytes.length / channels;
  const loudest = bytes.reduce((most, value) => Math.max(most, Math.abs(value)), QUIETEST_FULL_SCALE);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from(bytes.subarray(channel * length, (channel + 1) * length), (value) => value / loudest),
  );
}

function tokenColour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function laneColours(role) {
  const name = ["caller", "agent"].includes(role) ? role : "nobody";
  return { waveColor: tokenColour(`${name}-faded`), progressColor: tokenColour(name) };
}

export class Waveform {
  static async create(container, player, call) {
    const peaks = await fetchPeaks(call.peaks, call.lanes.length);
    return new Waveform(container, player, call, peaks);
  }

  constructor(container, player, call, peaks) {
    this.player = player;
    this.call = call;
    this.regions = RegionsPlugin.create();
    this.surfer = WaveSurfer.create({
      ...this.#look(),
      container,
      media: player.audio,
      peaks,
      duration: call.duration,
      dragToSeek: true,
      hideScrollbar: false,
      normalize: false,
      cspNonce: document.querySelector("script[nonce]").nonce,
      plugins: [this.regions, this.#timeline()],
    });
    this.surfer.on("ready", () => this.#markAll());
    this.#followTheme();
  }

  zoom(pixelsPerSecond) {
    this.surfer.zoom(pixelsPerSecond);
  }

  // Replaces the pins of comments: [{ at, text }].
  pin(comments) {
    for (const region of this.regions.getRegions()) if (region.id.startsWith("pin-")) region.remove();
    comments.forEach(({ at, text }, index) => {
      const pin = document.createElement("span");
      pin.textContent = "●";
      pin.title = text;
      Object.assign(pin.style, { color: "var(--human)", fontSize: "12px", marginTop: "-2px", cursor: "pointer" });
      this.#add({ id: `pin-${index}`, start: at, content: pin, color: "var(--human)" });
    });
  }

  showLoop({ start, end }) {
    this.loop?.remove();
    this.loop = null;
    if (start !== null) {
      this.loop = this.#add({ id: "loop", start, end: end ?? start + 0.05, color: "var(--accent-soft)" });
      this.loop.element.style.mixBlendMode = "multiply";
    }
  }

  #look() {
    const narrow = matchMedia("(max-width: 40rem)").matches;
    const height = narrow ? LANE_HEIGHT_NARROW : LANE_HEIGHT;
    return {
      height,
      splitChannels: this.call.lanes.map((role) => ({ ...laneColours(role), height, overlay: false })),
      cursorColor: tokenColour("ink"),
      cursorWidth: 2,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
    };
  }

  #timeline() {
    return TimelinePlugin.create({ height: 18, secondaryLabelOpacity: 1, style: { fontSize: "11px", color: "var(--ink-soft)" } });
  }

  #markAll() {
    if (this.call.beforeAgent) {
      const region = this.#add({ id: "before-agent", start: 0, end: this.call.beforeAgent, color: "transparent" });
      region.element.title = this.call.texts.beforeAgent;
    }
    for (const [start, end] of this.call.holds) this.#add({ start, end, color: "var(--mark-hold)" });
    for (const [start, end] of this.call.deadAir) this.#add({ start, end, color: "var(--mark-dead)" });
    this.call.evidence.forEach((mark, index) => {
      const region = this.#add({
        id: `evidence-${index}`,
        start: mark.start,
        end: Math.max(mark.end, mark.start + 0.15),
        color: `var(--mark-${mark.verdict})`,
        channelIdx: mark.lane ?? undefined,
      });
      region.element.title = mark.title;
      this.#place(region.element, mark);
      region.on("click", () => document.dispatchEvent(new CustomEvent("criterion", { detail: mark.criterion })));
    });
    this.pin(this.call.comments);
  }

  // Words that were heard tint their lane; a stretch that was only searched is a thin line at its foot.
  #place(element, mark) {
    const { height } = this.surfer.options;
    const lanes = mark.lane === null ? this.call.lanes.length : 1;
    const top = (mark.lane ?? 0) * height;
    Object.assign(element.style, {
      top: `${mark.quoted ? top : top + lanes * height - SEARCHED_HEIGHT}px`,
      height: `${mark.quoted ? lanes * height : SEARCHED_HEIGHT}px`,
    });
  }

  #add(params) {
    const region = this.regions.addRegion({ drag: false, resize: false, ...params });
    region.on("click", (event) => {
      event.stopPropagation();
      this.player.seek(params.start, { play: false });
    });
    return region;
  }

  #followTheme() {
    const repaint = () => this.surfer.setOptions(this.#look());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  }
}
