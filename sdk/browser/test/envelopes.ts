/** Makes events for tests. */
import type { Envelope } from "../src/types";

export function envelope(id: string, payload: Record<string, unknown> = {}): Envelope {
  return {
    event_id: id,
    event_name: "share",
    event_version: 1,
    occurred_at: "2026-11-20T16:00:00.000Z",
    source_system: "web",
    visitor_id: "v-1",
    session_id: "s-1",
    sequence_no: 0,
    consent_snapshot: {
      analytics: true,
      marketing: false,
      data_processing: false,
      captured_at: "2026-11-20T15:59:00.000Z",
    },
    context: {
      page: { url: "https://tickets.example/e/1", path: "/e/1", title: "One" },
      referrer: "",
      device: { screen: "1x1", viewport: "1x1" },
    },
    entities: {},
    payload,
  };
}

export function ids(events: Envelope[]): string[] {
  return events.map((event) => event.event_id);
}
