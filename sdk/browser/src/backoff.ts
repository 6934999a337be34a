/** Owns how long to wait before the next attempt. */
import { random } from "./ids";

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const LONGEST_RETRY_AFTER_MS = 600_000;

/** Milliseconds after the n-th failure in a row (from 1): doubling up to a minute, with up to half of it random. */
export function backoff(failures: number, chance = random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.round(full * (0.5 + chance() / 2));
}

/** Milliseconds a `Retry-After` header (seconds or HTTP date) asks for, at most ten minutes; 0 without a usable one. */
export function retryAfter(header: string | null, now: number): number {
  if (!header) return 0;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return wait > 0 ? Math.min(wait, LONGEST_RETRY_AFTER_MS) : 0;
}

export function pause(wait: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, wait));
}

/** Whether the same request may succeed later; status 0 stands for «no answer». */
export function worthRetrying(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}
