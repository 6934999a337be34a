/** Owns turning a draft into what the collector takes, at the moment consent lets it go. */
import { clickCookies, withoutClickIds } from "./context";
import type { Identity } from "./session";
import type { Draft, Envelope, Snapshot } from "./types";

/** Identity, order and consent are those of the moment of release, so that events held until a decision carry it. */
export function stamp(draft: Draft, identity: Identity, consent: Snapshot): Envelope {
  const { id, session, sequence, touch } = identity.advance(consent.marketing, 1);
  const { context, payload } = draft;
  if (touch) context.utm = touch.utm;
  context.click_ids = { ...(consent.marketing && touch?.click_ids), ...clickCookies(consent) };
  if (!consent.marketing) {
    context.page.url = withoutClickIds(context.page.url);
    context.referrer = withoutClickIds(context.referrer);
  }
  if (draft.event_name === "page_view") payload.is_first_touch = sequence === 1;
  return {
    ...draft,
    event_version: 1,
    source_system: "web",
    visitor_id: id,
    session_id: session,
    sequence_no: sequence - 1,
    consent_snapshot: consent,
  };
}
