/** Small behaviours of every page: running times, paused polling, filters that apply themselves, shown passwords. */

const WORDS = JSON.parse(document.querySelector("meta[name=page-words]").content);
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const TICK_MS = 10_000;

const fill = (pattern, value) => pattern.replace("%s", () => value);

function relative(seconds) {
  const size = Math.abs(seconds);
  if (size < 5) return WORDS.now;
  if (size >= 7 * DAY) return null;
  let text = WORDS.days[Math.floor(size / DAY) - 1];
  if (size < MINUTE) text = fill(WORDS.seconds, size);
  else if (size < HOUR) text = fill(WORDS.minutes, Math.floor(size / MINUTE));
  else if (size < DAY) text = fill(WORDS.hours, Math.floor(size / HOUR));
  return fill(seconds > 0 ? WORDS.ago : WORDS.in, text);
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
    element.textContent = !navigator.onLine ? WORDS.offline : answered ? WORDS.live : WORDS.retrying;
  }
}
for (const name of ["online", "offline"]) addEventListener(name, showLive);
document.addEventListener("visibilitychange", showLive);
showLive();

function noAnswer(event) {
  answered = false;
  showLive();
  const part = event.target.closest("[data-part]");
  part?.replaceChildren(part.querySelector("template[data-failed]")?.content.cloneNode(true) ?? "");
  const place = event.target.closest("form[hx-target]")?.getAttribute("hx-target");
  if (place) document.querySelector(place).textContent = WORDS.noAnswer;
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
    button.textContent = shown ? WORDS.show : WORDS.hide;
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
