/**
 * The contract between the SDK and a platform's pixel adapter.
 *
 * An adapter is a small plain script that a platform plugin serves. The SDK loads it with the page's nonce once consent
 * allows, and the script registers itself: `window.adrail.registerPixel("<provider>", factory)`.
 * README.md, section "Pixel adapter contract", tells the order of calls.
 */

/** One resolved tracking code, as tracking-config states it. */
export interface PixelCode {
  provider: string;
  /** The platform's public pixel or measurement id. */
  public_id: string;
  level: "live_event" | "organizer" | "marketplace";
  /** Null or absent for marketplace codes. */
  organizer_id?: string | null;
  /** Live events whose items the code sees; absent: all of its organiser's. */
  live_events?: string[];
  /** All of these must be granted before the adapter hears of the code. */
  purposes: Purpose[];
  /** Canonical event name → what the platform calls it. Canonical events that are absent never fire. */
  events: Record<string, { name: string; [setting: string]: unknown }>;
  /** Public settings of the platform plugin, passed through untouched. */
  settings: Record<string, unknown>;
  /** The vendor's script; the adapter passes it to `env.loadScript`. */
  script?: string;
  /** Where the adapter itself lives; relative to the SDK's own script. */
  adapter: string;
}

export type Purpose = "analytics" | "marketing" | "data_processing";

/** One ticket line; in an event without a chosen ticket type `id` is the live event's id. */
export interface PixelItem {
  /** Ticket type id. */
  id: string;
  live_event_id: string;
  quantity: number;
  /** Price of one, decimal string in major units. Absent when the page did not state it. */
  price?: string;
}

/** What a code is told to fire: only its own organiser's items and their value (marketplace codes: everything). */
export interface PixelEvent {
  canonical: string;
  /** The platform's name for it, from `code.events`. */
  name: string;
  /** Shared with the server-side copy of the same event, so the platform can deduplicate. */
  event_id: string;
  /** Decimal string in major units, always with `currency`. */
  value?: string;
  currency?: string;
  order_id?: string;
  search_string?: string;
  items: PixelItem[];
}

export interface PixelCookies {
  /** Decoded value, or null. */
  get(name: string): string | null;
  /** First-party cookie on the widest domain the browser accepts, `Path=/; SameSite=Lax`, `Secure` on https. */
  set(name: string, value: string, maxAgeSeconds: number): void;
  remove(name: string): void;
}

export interface PixelEnv {
  /** The page's CSP nonce, "" when there is none. */
  nonce: string;
  /** Injects a script with the nonce, once per URL; rejects when it is blocked or fails to load. */
  loadScript(url: string): Promise<void>;
  cookies: PixelCookies;
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export interface PixelAdapter {
  /**
   * Initialises codes of this provider, each exactly once and only after its purposes were granted; called again when
   * later codes become allowed. Return the promise of the vendor script: nothing is tracked on these codes before it
   * resolves, and a rejection reports their events as blocked.
   */
  load(codes: PixelCode[]): void | Promise<void>;
  /** Fires one event on one code only, even when several codes of the platform are on the page. May throw or reject. */
  track(code: PixelCode, event: PixelEvent): void | Promise<void>;
  /** `false` at once on withdrawal (nothing is tracked afterwards), `true` when granted again on the same page. */
  consent(granted: boolean): void;
}

/** Called once per page and provider, after consent. */
export type PixelFactory = (env: PixelEnv) => PixelAdapter;

/** `window.adrail.registerPixel` */
export type RegisterPixel = (provider: string, factory: PixelFactory) => void;
