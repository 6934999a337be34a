/** Forms made from a platform's settings: checks the format while typing, folds secrets that are already set. */

const WORDS = JSON.parse(document.querySelector("meta[name=page-words]").content);
const PAUSE_MS = 350;

const fill = (pattern, value) => pattern.replace("%s", () => value);

function compile(source) {
  try {
    return source ? new RegExp(`^(?:${source})$`, "u") : null;
  } catch {
    return null; // A pattern the browser cannot read is left to the server.
  }
}

function tell(field, kind, text) {
  const note = document.getElementById(`${field.id}-check`);
  field.classList.toggle("is-wrong", kind === "error");
  field.classList.toggle("is-right", kind === "ok");
  field.toggleAttribute("aria-invalid", kind === "error");
  if (kind === "error") field.setAttribute("aria-invalid", "true");
  note.className = { error: "field-error", warn: "field-warn", ok: "field-ok" }[kind] ?? "field-note";
  note.textContent = text;
}

function check(field, leaving) {
  const text = field.value.trim();
  const { pattern, usual, example, label } = field.dataset;
  const hint = example ? ` ${fill(WORDS.example, example)}` : "";
  if (!text) {
    return field.required && leaving ? tell(field, "error", fill(WORDS.missing, label)) : tell(field, "", "");
  }
  const hard = compile(pattern);
  if (hard && !hard.test(text)) return tell(field, "error", fill(WORDS.wrong, label) + hint);
  const soft = compile(usual);
  if (soft && !soft.test(text)) return tell(field, "warn", fill(WORDS.unusual, label) + hint);
  if (hard || soft) tell(field, "ok", WORDS.right);
}

for (const field of document.querySelectorAll("input[data-label]")) {
  let timer;
  // Never at once: leaving a field by a click must not move what is being clicked.
  const later = (leaving) => {
    clearTimeout(timer);
    timer = setTimeout(() => check(field, leaving), PAUSE_MS);
  };
  field.addEventListener("input", () => later(false));
  field.addEventListener("change", () => later(true));
}

for (const box of document.querySelectorAll("[data-secret]")) {
  const field = document.getElementById(box.dataset.secret);
  const button = box.querySelector("[data-replace]");
  if (field.getAttribute("aria-invalid")) continue;
  field.hidden = true;
  button.hidden = false;
  button.addEventListener("click", () => {
    field.hidden = false;
    button.hidden = true;
    field.focus();
  });
}

document.querySelector("[data-focus]")?.focus();
