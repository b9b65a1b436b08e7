// Polite messages for screen readers; the latest wins, so quick repeats do not pile up.

const region = document.getElementById("status");
let pending;

export function announce(text) {
  clearTimeout(pending);
  pending = setTimeout(() => {
    region.textContent = "";
    requestAnimationFrame(() => {
      region.textContent = text;
    });
  }, 150);
}
