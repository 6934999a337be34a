/** Owns telling the collector about a consent choice at once, and again until it has confirmed. */
import { backoff, pause, worthRetrying } from "./backoff";
import type { Consent } from "./consent";
import { call } from "./transport";

/** Sends the unconfirmed choice, if there is one; a choice that could not be told survives in storage for the next page. */
export async function tellChoice(consent: Consent, settings: () => { endpoint: string; key: string }): Promise<void> {
  for (let failures = 0; ; failures++) {
    const choice = consent.choice;
    if (!choice?.unsent) return;
    const { endpoint, key } = settings();
    const body = JSON.stringify({
      visitor_id: choice.unsent,
      sent_at: new Date().toISOString(),
      consent: choice.snapshot,
    });
    const { status } = await call("PUT", `${endpoint}/consent`, key, body, failures > 0);
    if (!worthRetrying(status)) return consent.confirmed(choice);
    await pause(backoff(failures + 1));
    if (consent.choice !== choice) return;
  }
}
