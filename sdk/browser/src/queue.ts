/** Owns the bounded outgoing queue of one page and its copy in localStorage. */
import { uuid4 } from "./ids";
import { keys, read, remove, write } from "./storage";
import type { Envelope } from "./types";

export const QUEUE_LIMIT = 500;
/** A queue untouched for this long belongs to a page that crashed or was closed. */
export const LEASE_MS = 60_000;
const PREFIX = "q.";

interface Stored {
  /** Milliseconds, last sign of life of the owner; 0 when the owner let go. */
  seen: number;
  events: Envelope[];
}

/**
 * Every page load keeps its events under a key of its own, so tabs never write over each other. A page that is left lets go of its
 * key and the next page takes the events over at once; those of a crashed page are taken after the lease. Web Locks
 * would tell living pages from dead ones exactly, but a held lock keeps a page out of the back/forward cache and they
 * are missing on plain http. The stored copy decides: a page that wakes up and finds its key gone forgets those events.
 * Should two pages still take the same queue in the same instant, the event ids make the second copy harmless.
 */
export class Queue {
  /** Events lost to the limit since the page was loaded. */
  dropped = 0;
  readonly #key = PREFIX + uuid4();
  #events: Envelope[] = [];
  #stored = false;
  #left = false;
  readonly #flying = new Set<Envelope>();

  get size(): number {
    return this.#events.length;
  }

  push(...events: Envelope[]): void {
    this.#yieldTaken();
    this.#events.push(...events);
    const excess = this.#events.splice(0, Math.max(0, this.#events.length - QUEUE_LIMIT));
    this.dropped += excess.length;
    this.#save();
  }

  /** The oldest events that are not under way, at most `count` and `bytes` of JSON but at least one; now under way. */
  take(count: number, bytes: number): Envelope[] {
    this.#yieldTaken();
    const batch: Envelope[] = [];
    let length = 0;
    for (const event of this.#events) {
      if (this.#flying.has(event)) continue;
      length += byteLength(JSON.stringify(event));
      if (batch.length === count || (batch.length && length > bytes)) break;
      batch.push(event);
    }
    for (const event of batch) this.#flying.add(event);
    return batch;
  }

  /** These arrived, or never will: they leave the queue. */
  settle(batch: Envelope[]): void {
    this.#yieldTaken();
    this.release(batch);
    this.#events = this.#events.filter((event) => !batch.includes(event));
    this.#save();
  }

  /** These did not arrive: they may be taken again. */
  release(batch: Envelope[]): void {
    for (const event of batch) this.#flying.delete(event);
  }

  clear(): void {
    this.#events = [];
    this.#save();
  }

  /** The page is being left: whoever comes next may take what is still here, and what the last moments add. */
  letGo(): void {
    this.#left = true;
    this.renew();
  }

  /** The page is back after all. */
  hold(): void {
    this.#left = false;
  }

  /** Takes over what pages that are gone left behind. */
  adopt(): void {
    for (const key of keys(PREFIX)) if (key !== this.#key) this.push(...takeOrphan(key, Date.now()));
  }

  /** Tells other pages that this one is alive. */
  renew(): void {
    this.#yieldTaken();
    this.#save();
  }

  /** Without room in storage the events live on in memory; an older copy stays, as the better half of nothing. */
  #save(): void {
    if (this.#events.length)
      this.#stored = write(this.#key, { seen: this.#left ? 0 : Date.now(), events: this.#events });
    else {
      remove(this.#key);
      this.#stored = false;
    }
  }

  #yieldTaken(): void {
    if (!this.#stored || read(this.#key)) return;
    this.#events = [];
    this.#stored = false;
  }
}

function takeOrphan(key: string, now: number): Envelope[] {
  const queue = read<Stored>(key);
  if (queue && now - queue.seen < LEASE_MS) return [];
  remove(key);
  return queue?.events ?? [];
}

/** As UTF-8. */
export function byteLength(text: string): number {
  return new Blob([text]).size;
}
