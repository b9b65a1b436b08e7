// Single-key shortcuts. They can be switched off (WCAG 2.1.4) and never act while somebody types.

const STORAGE_KEY = "sansheng.shortcuts";
const TYPING = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]";
const OWN_SPACE = "button, a, summary, input, select";
const OWN_ARROWS = "input, select, a.w";

export class Shortcuts {
  // actions: { key: function }, keys as KeyboardEvent.key gives them.
  constructor(actions, toggle) {
    this.actions = actions;
    this.toggle = toggle;
    toggle.checked = localStorage.getItem(STORAGE_KEY) !== "off";
    toggle.addEventListener("change", () => localStorage.setItem(STORAGE_KEY, toggle.checked ? "on" : "off"));
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  #pressed(event) {
    const action = this.actions[event.key];
    if (!action || !this.toggle.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (event.key === " " && event.target.closest(OWN_SPACE)) return;
    if (event.key.startsWith("Arrow") && event.target.closest(OWN_ARROWS)) return;
    event.preventDefault();
    action();
  }
}
