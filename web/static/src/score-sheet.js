// The score sheet: moving between criteria, answering by key, asking for a reason when one is due: the machine
// is overruled, or a critical criterion fails.

const ANSWERS = { 1: "pass", 2: "fail", 3: "na" };

export class ScoreSheet {
  constructor(root, player) {
    this.root = root;
    this.player = player;
    this.evidence = -1;
    for (const criterion of this.criteria) this.#askReason(criterion);
    root.addEventListener("change", (event) => this.#changed(event));
    root.addEventListener("focusin", (event) => {
      const criterion = event.target.closest(".criterion");
      if (criterion) this.#mark(criterion);
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && event.target.matches("textarea")) this.#leaveField(event.target);
    });
    document.addEventListener("criterion", (event) => this.focus(document.getElementById(`criterion-${event.detail}`)));
  }

  get criteria() {
    return [...this.root.querySelectorAll(".criterion")];
  }

  get current() {
    return this.root.querySelector(".criterion.current");
  }

  move(step) {
    const all = this.criteria;
    const index = all.indexOf(this.current);
    this.focus(all[Math.min(Math.max(0, index + step), all.length - 1)]);
  }

  focus(criterion) {
    if (!criterion) return;
    criterion.focus({ preventScroll: true });
    criterion.scrollIntoView({ block: "nearest" });
    this.#mark(criterion);
  }

  answer(key) {
    const criterion = this.current ?? this.criteria[0];
    const radio = criterion?.querySelector(`input[type=radio][value=${ANSWERS[key]}]`);
    if (!radio || radio.disabled) return;
    this.focus(criterion);
    if (radio.checked) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // Plays the next piece of evidence of the current criterion, around and around.
  nextEvidence() {
    const chips = [...(this.current ?? this.root).querySelectorAll("[data-seek]")];
    if (!chips.length) return;
    this.evidence = (this.evidence + 1) % chips.length;
    chips[this.evidence].click();
  }

  #leaveField(field) {
    const criterion = field.closest(".criterion");
    if (criterion) this.focus(criterion);
    else field.blur();
  }

  #mark(criterion) {
    if (criterion === this.current) return;
    this.current?.classList.remove("current");
    criterion.classList.add("current");
    this.evidence = -1;
  }

  #changed(event) {
    const criterion = event.target.closest(".criterion");
    if (!criterion || event.target.type !== "radio") return;
    const reason = this.#askReason(criterion);
    if (reason && !reason.value) reason.focus();
  }

  // Shows the reason field when the chosen answer overrules the machine's; returns it when it is due.
  #askReason(criterion) {
    const field = criterion.querySelector(".reason");
    if (!field) return null;
    const chosen = criterion.querySelector("input[type=radio]:checked")?.value;
    const { machine, critical } = criterion.dataset;
    const overrules = ["pass", "fail"].includes(machine) && chosen !== machine;
    const due = Boolean(chosen) && (overrules || (critical !== undefined && chosen === "fail"));
    field.hidden = !due;
    const area = field.querySelector("textarea");
    area.required = due;
    return due ? area : null;
  }
}
