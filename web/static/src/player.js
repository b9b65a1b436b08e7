// Plays a recording. The sound streams through a media element (HTTP Range), so an hour is never decoded
// as a whole; the waveform is only a view on it.

const SILENCE_LEAD_S = 0.25;
const REMEMBER_EVERY_S = 3;

export class Player extends EventTarget {
  constructor({ url, duration, quiet, key }) {
    super();
    this.duration = duration;
    this.quiet = quiet;
    this.skipsSilence = false;
    this.loop = { start: null, end: null };
    this.storageKey = `sansheng.position.${key}`;
    this.audio = new Audio();
    this.audio.preload = "metadata";
    this.audio.preservesPitch = true;
    this.audio.src = url;
    this.#listen();
  }

  get time() {
    return this.audio.currentTime;
  }

  get playing() {
    return !this.audio.paused;
  }

  toggle() {
    return this.playing ? this.audio.pause() : this.play();
  }

  play() {
    return this.audio.play().catch((error) => {
      if (error.name !== "AbortError") this.#emit("trouble", { error });
    });
  }

  seek(seconds, { play = false } = {}) {
    this.audio.currentTime = Math.min(Math.max(0, seconds), Math.max(0, this.duration - 0.05));
    this.#tick();
    this.#emit("seek");
    if (play && !this.playing) this.play();
  }

  skip(seconds) {
    this.seek(this.time + seconds);
  }

  setRate(rate) {
    this.audio.playbackRate = rate;
    this.audio.defaultPlaybackRate = rate;
  }

  setLoop(start, end) {
    this.loop = { start, end };
    this.#emit("loop");
  }

  resume() {
    const remembered = Number(localStorage.getItem(this.storageKey));
    if (remembered > 1 && remembered < this.duration - 5) {
      this.seek(remembered);
      return remembered;
    }
    return 0;
  }

  #listen() {
    const { audio } = this;
    for (const name of ["play", "pause", "ended"]) {
      audio.addEventListener(name, () => this.#emit("state"));
    }
    audio.addEventListener("play", () => this.#follow());
    audio.addEventListener("timeupdate", () => this.#tick());
    audio.addEventListener("seeked", () => this.#tick());
    audio.addEventListener("error", () => this.#emit("trouble", { error: audio.error }));
    this.remembered = 0;
  }

  #follow() {
    this.#tick();
    if (this.playing) requestAnimationFrame(() => this.#follow());
  }

  #tick() {
    const now = this.time;
    const { start, end } = this.loop;
    if (this.playing && start !== null && end !== null && now >= end) this.audio.currentTime = start;
    else if (this.playing && this.skipsSilence) this.#skipSilence(now);
    if (Math.abs(now - this.remembered) > REMEMBER_EVERY_S) this.#remember(now);
    this.#emit("time");
  }

  #skipSilence(now) {
    const gap = this.quiet.find(([from, to]) => now > from + SILENCE_LEAD_S && now < to - 2 * SILENCE_LEAD_S);
    if (gap) this.audio.currentTime = gap[1] - SILENCE_LEAD_S;
  }

  #remember(now) {
    this.remembered = now;
    localStorage.setItem(this.storageKey, now.toFixed(1));
  }

  #emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
