/** Shapes that travel between the modules and to the collector. */
import type { Purpose } from "./pixel-adapter";

export type Fields = Record<string, unknown>;

export interface Choice {
  analytics: boolean;
  marketing: boolean;
  data_processing: boolean;
  /** Hash of the banner text the visitor saw. */
  copy_hash?: string | undefined;
}

export interface Snapshot extends Choice {
  /** RFC 3339, when the visitor (or the region's default) decided. */
  captured_at: string;
}

export type Granted = Pick<Choice, Purpose>;

/** An event as the page tracked it, before it is known whether it may leave. */
export interface Draft {
  event_id: string;
  event_name: string;
  occurred_at: string;
  context: Context;
  entities: Fields;
  payload: Fields;
}

export interface Context {
  page: { url: string; path: string; title: string; page_type?: string };
  referrer: string;
  device: { screen: string; viewport: string };
  utm?: Record<string, string>;
  click_ids?: Record<string, string>;
}

/** What the collector takes: the draft with identity, order and consent stamped on. */
export interface Envelope extends Draft {
  event_version: number;
  source_system: "web";
  visitor_id: string;
  session_id: string;
  sequence_no: number;
  consent_snapshot: Snapshot;
}

export interface TrackOptions {
  payload?: object;
  entities?: object;
  eventId?: string;
}

export interface CartItem {
  live_event_id: string;
  ticket_type_id: string;
  qty: number;
  /** Decimal string, major units. */
  price: string;
}

export interface Order {
  order_id: string;
  currency: string;
  /** Decimal string, major units. */
  value: string;
  items: { live_event_id: string; ticket_type_id: string; quantity: number; unit_price: string }[];
}

export type Log = (...details: unknown[]) => void;
