// On every page: the CSRF token goes with every htmx request, dialogs open, confirmations ask.

const token = document.querySelector('meta[name="csrf-token"]').content;

// A narrow screen scrolls the sections sideways: the one that is shown is brought into view.
const section = document.querySelector(".nav [aria-current]");
if (section) section.parentElement.scrollLeft = section.offsetLeft - section.parentElement.offsetLeft - 48;

// htmx 4 does not inherit hx-headers, so the token is added to each request here.
document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = token;
});

// A problem stays in view until something succeeds.
document.addEventListener("htmx:after:request", (event) => {
  const { response } = event.detail.ctx;
  if (response && response.status < 400) document.getElementById("problem").replaceChildren();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A select or a checkbox marked so sends its form at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-sends]")) event.target.form.requestSubmit();
});
