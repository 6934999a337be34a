/** Buttons that copy a text; without a clipboard (plain http) they stay hidden, the text can still be selected. */

const WORDS = JSON.parse(document.querySelector("meta[name=page-words]").content);

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const label = button.firstChild;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    label.textContent = WORDS.copied;
    setTimeout(() => {
      label.textContent = WORDS.copy;
    }, 2000);
  });
}
