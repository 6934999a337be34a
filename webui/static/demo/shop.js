/** The demo shop's page script: starts adrail, reports what just happened, and runs the consent banner. */
(() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);
  const sdk = window.adrail;
  const CARTS = ["eventView", "addToCart", "checkoutStarted", "purchase"];

  if (sdk?.init) {
    sdk.init({ ...data.sdk, nonce: document.currentScript.nonce });
    for (const name of CARTS) if (data[name]) sdk[name](data[name]);
    banner(document.getElementById("consent"));
  }

  for (const select of document.querySelectorAll("select[data-submits]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }

  const checkout = document.getElementById("checkout");
  checkout?.addEventListener("submit", () => {
    if (!sdk?.ids) return;
    const { visitor_id, session_id, last_touch } = sdk.ids();
    checkout.elements.visit.value = JSON.stringify({
      visitor_id,
      session_id,
      referrer: last_touch?.referrer ?? "",
      click_ids: last_touch?.click_ids ?? {},
      consent: sdk.consent.get(),
    });
  });

  function banner(box) {
    const form = box.querySelector("form");
    const [choose, chosen] = ["choose", "chosen"].map((name) => box.querySelector(`[data-consent=${name}]`));
    const purposes = ["analytics", "marketing", "data_processing"];

    const show = (open) => {
      box.hidden = !open;
      document.body.classList.toggle("has-consent", open);
    };
    const unfold = (open) => {
      form.hidden = chosen.hidden = !open;
      choose.hidden = open;
      choose.setAttribute("aria-expanded", String(open));
    };
    const decide = (choice) => {
      const choices = Object.fromEntries(purposes.map((name) => [name, choice(name)]));
      sdk.consent.set({ ...choices, copy_hash: data.copyHash });
      show(false);
      unfold(false);
    };

    box.addEventListener("click", (event) => {
      const kind = event.target.closest("[data-consent]")?.dataset.consent;
      if (kind === "all") decide(() => true);
      if (kind === "none") decide(() => false);
      if (kind === "chosen") decide((name) => form.elements[name].checked);
      if (kind === "choose") {
        unfold(true);
        form.elements.analytics.focus();
      }
    });
    form.addEventListener("submit", (event) => event.preventDefault());

    const again = document.querySelector("[data-open-consent]");
    again.hidden = false;
    again.addEventListener("click", () => {
      const now = sdk.consent.get();
      for (const name of purposes) form.elements[name].checked = now[name];
      unfold(true);
      show(true);
      box.focus();
    });
    show(!sdk.consent.get().decided);
  }
})();
