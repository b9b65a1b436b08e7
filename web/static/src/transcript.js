// The transcript follows the sound, and the sound follows the transcript.
// Words are links to their moment; one tab stop, arrow keys move between words, Enter plays from there.

const FOLLOW_PAUSE_MS = 6000;

function timeOf(word) {
  return Number(word.hash.slice(3));
}

// Index of the last value that is not above `wanted`; -1 when all are.
function lastNotAbove(values, wanted) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export class TranscriptView {
  constructor(list, player, { follow }) {
    this.list = list;
    this.player = player;
    this.follow = follow;
    this.words = [...list.querySelectorAll("a.w")].sort((a, b) => timeOf(a) - timeOf(b));
    this.times = this.words.map(timeOf);
    this.current = null;
    this.pausedUntil = 0;
    if (this.words.length) this.words[0].tabIndex = 0;
    this.#listen();
  }

  #listen() {
    this.player.addEventListener("time", () => this.#show(this.player.time));
    this.player.addEventListener("seek", () => {
      this.pausedUntil = 0;
    });
    this.list.addEventListener("click", (event) => this.#clicked(event));
    this.list.addEventListener("keydown", (event) => this.#moved(event));
    for (const name of ["wheel", "touchmove"]) {
      this.list.addEventListener(name, () => this.#pauseFollowing(), { passive: true });
    }
    this.follow.addEventListener("click", () => {
      const on = this.follow.getAttribute("aria-pressed") !== "true";
      this.follow.setAttribute("aria-pressed", String(on));
    });
  }

  #pauseFollowing() {
    this.pausedUntil = performance.now() + FOLLOW_PAUSE_MS;
  }

  #clicked(event) {
    const word = event.target.closest("a.w");
    if (!word) return;
    event.preventDefault();
    this.#rove(word);
    this.player.seek(timeOf(word), { play: true });
  }

  #moved(event) {
    const word = event.target.closest("a.w");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!word || !step) return;
    const all = [...this.list.querySelectorAll("a.w")];
    const next = all[all.indexOf(word) + step];
    if (!next) return;
    event.preventDefault();
    this.#rove(next);
    next.focus();
  }

  #rove(word) {
    for (const other of this.list.querySelectorAll('a.w[tabindex="0"]')) other.tabIndex = -1;
    word.tabIndex = 0;
  }

  #show(time) {
    const word = this.words[lastNotAbove(this.times, time + 0.02)] ?? null;
    if (word === this.current) return;
    this.current?.classList.remove("now");
    this.current?.closest(".utterance").classList.remove("now");
    this.current = word;
    if (!word) return;
    word.classList.add("now");
    const utterance = word.closest(".utterance");
    utterance.classList.add("now");
    if (this.follow.getAttribute("aria-pressed") === "true" && performance.now() > this.pausedUntil) {
      this.#bringIntoView(utterance);
    }
  }

  // Scrolls the list only, never the page.
  #bringIntoView(utterance) {
    const box = this.list.getBoundingClientRect();
    const line = utterance.getBoundingClientRect();
    if (line.top >= box.top + 24 && line.bottom <= box.bottom - 48) return;
    const smooth = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    this.list.scrollBy({ top: line.top - box.top - box.height / 3, behavior: smooth });
  }
}
