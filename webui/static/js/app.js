/** Small behaviours of every page: running times, paused polling, filters that apply themselves, shown passwords. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const TICK_MS = 10_000;

function relative(seconds) {
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  if (size >= 7 * DAY) return null;
  let text = size < 2 * DAY ? "1 day" : `${Math.floor(size / DAY)} days`;
  if (size < MINUTE) text = `${size} s`;
  else if (size < HOUR) text = `${Math.floor(size / MINUTE)} min`;
  else if (size < DAY) text = `${Math.floor(size / HOUR)} h`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function refreshTimes() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = relative(Math.round((Date.now() - Date.parse(element.dateTime)) / 1000));
    if (text && text !== element.textContent) element.textContent = text;
  }
}

setInterval(refreshTimes, TICK_MS);

// A hidden tab asks the server nothing; it catches up when it is looked at again.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden && event.target.closest("[data-poll]")) event.preventDefault();
});

let answered = true;
function showLive() {
  for (const element of document.querySelectorAll("[data-live]")) {
    element.hidden = false;
    element.classList.toggle("is-paused", document.hidden || !navigator.onLine || !answered);
    element.textContent = !navigator.onLine ? "Offline" : answered ? "Updates by itself" : "No answer, trying again";
  }
}
for (const name of ["online", "offline"]) addEventListener(name, showLive);
document.addEventListener("visibilitychange", showLive);
showLive();

function noAnswer(event) {
  answered = false;
  showLive();
  const place = event.target.closest("form[hx-target]")?.getAttribute("hx-target");
  if (place) document.querySelector(place).textContent = "adrail did not answer. Try again in a moment.";
}
for (const name of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(name, (event) => {
    if ((event.detail.ctx?.response?.status ?? 500) >= 500) noAnswer(event);
  });
}
document.addEventListener("htmx:after:swap", () => {
  answered = true;
  showLive();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form && event.target.matches("select, input[type=radio], input[type=checkbox]")) form.requestSubmit();
});

// Addresses of filtered lists name only what is filtered.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form[data-auto]")) return;
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});

for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.textContent = shown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!shown));
  });
}

// A second click on a slow form must not send it twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
