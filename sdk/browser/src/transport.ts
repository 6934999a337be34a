/** Owns getting queued events to the collector: batches, beacons, retries. */
import { backoff, retryAfter, worthRetrying } from "./backoff";
import { byteLength, type Queue } from "./queue";
import { read, write } from "./storage";
import type { Envelope, Log } from "./types";
import { SDK_NAME, VERSION } from "./version";

const MAX_BATCH = 100;
/** Browsers refuse beacons and keepalive requests beyond 64 KiB under way. */
const MAX_KEEPALIVE_BYTES = 64_000;
/** Of events; the envelope around them needs a little, too. */
const MAX_BYTES = 60_000;
/** No pause is longer; a longer one comes from a clock that was wrong. */
const MAX_PAUSE_MS = 600_000;
const PROMPT_MS = 250;
const TIMEOUT_MS = 30_000;
/** Shared by all tabs: the moment before which the collector asked not to be called. */
const PAUSE_KEY = "pause";

export interface TransportSettings {
  endpoint: string;
  key: string;
  batchSize: number;
  flushMs: number;
}

type Answer = Response | { status: 0 };

/**
 * `fetch` with what every call to the collector has in common; status 0 when there was no answer. A repeated attempt goes without
 * keepalive, in case the browser's allowance for that was what failed.
 */
export async function call(method: string, url: string, key: string, body: string, repeated: boolean): Promise<Answer> {
  try {
    return await fetch(url, {
      method,
      body,
      headers: { "Content-Type": "application/json", "X-Adrail-Key": key },
      // Only a collector under the page's own address may keep the visitor's id in a cookie; a foreign one gets none.
      credentials: "same-origin",
      keepalive: !repeated && byteLength(body) <= MAX_KEEPALIVE_BYTES,
      ...(AbortSignal.timeout && { signal: AbortSignal.timeout(TIMEOUT_MS) }),
    });
  } catch {
    return { status: 0 };
  }
}

export class Transport {
  /** Events the collector took, beacons included. */
  sent = 0;
  readonly #queue: Queue;
  readonly #settings: () => TransportSettings;
  readonly #log: Log;
  #timer = 0;
  #due = Number.POSITIVE_INFINITY;
  #busy = false;
  #failures = 0;
  #retryAt = 0;

  constructor(queue: Queue, settings: () => TransportSettings, log: Log) {
    this.#queue = queue;
    this.#settings = settings;
    this.#log = log;
  }

  /** Queues one event; `prompt` ones leave within half a second together with what came just before and after. */
  push(event: Envelope, prompt: boolean): void {
    this.#queue.push(event);
    const { batchSize, flushMs } = this.#settings();
    this.schedule(prompt ? PROMPT_MS : this.#queue.size >= batchSize ? 0 : flushMs);
  }

  /** Flushes after so many milliseconds, or earlier when that was planned already. */
  schedule(wait: number): void {
    const due = Math.max(Date.now() + wait, this.#blockedUntil());
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = window.setTimeout(() => void this.flush(), due - Date.now());
  }

  /** Sends batch after batch until the queue is empty or the collector asks for patience. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#busy) return;
    this.#busy = true;
    let early = false;
    for (;;) {
      // Timers may fire a moment before their time, by the clock that the pause is kept in.
      early = this.#blockedUntil() > Date.now();
      if (early) break;
      const batch = this.#queue.take(MAX_BATCH, MAX_BYTES);
      if (!batch.length) break;
      await this.#post(batch);
    }
    this.#busy = false;
    if (this.#queue.size) {
      this.#queue.renew();
      // What is left either failed and waits for its time, or is under way on another path.
      this.schedule(early || this.#failures ? 0 : this.#settings().flushMs);
    }
  }

  /** The page or the network is back: what failed for want of it need not wait any longer. */
  resume(): void {
    this.#retryAt = 0;
    this.schedule(0);
  }

  /**
   * The page goes out of sight and may never run again. What the browser takes as a beacon leaves the queue. Offline, or
   * while the collector asks for patience, a beacon would be lost, so everything stays stored for the next page.
   */
  leave(): void {
    if (!navigator.onLine || this.#blockedUntil() > Date.now()) return;
    for (;;) {
      const batch = this.#queue.take(MAX_BATCH, MAX_BYTES);
      if (!batch.length) return;
      if (!this.#beacon(batch)) return void this.#post(batch);
      this.#log("beacon", batch);
      this.sent += batch.length;
      this.#queue.settle(batch);
    }
  }

  /** A string body makes the browser send `text/plain`, which needs no preflight. */
  #beacon(batch: Envelope[]): boolean {
    const { endpoint, key } = this.#settings();
    return !!navigator.sendBeacon?.(`${endpoint}/collect?key=${encodeURIComponent(key)}`, body(batch));
  }

  #blockedUntil(): number {
    const pause = read<number>(PAUSE_KEY) ?? 0;
    return Math.max(this.#retryAt, pause < Date.now() + MAX_PAUSE_MS ? pause : 0);
  }

  async #post(batch: Envelope[]): Promise<void> {
    const { endpoint, key } = this.#settings();
    const response = await call("POST", `${endpoint}/events/batch`, key, body(batch), this.#failures > 0);
    this.#log(`batch answered ${response.status}`, batch);
    if (worthRetrying(response.status)) return this.#postpone(batch, response);
    this.#failures = 0;
    this.#queue.settle(batch);
    if (response.status < 300) this.sent += batch.length;
    else this.#log("refused for good: check key and origin");
  }

  #postpone(batch: Envelope[], response: Answer): void {
    this.#queue.release(batch);
    this.#retryAt = Date.now() + backoff(++this.#failures);
    const asked = "headers" in response ? retryAfter(response.headers.get("Retry-After"), Date.now()) : 0;
    if (asked) write(PAUSE_KEY, Date.now() + asked);
  }
}

function body(events: Envelope[]): string {
  return JSON.stringify({ sent_at: new Date().toISOString(), sdk: { name: SDK_NAME, version: VERSION }, events });
}
