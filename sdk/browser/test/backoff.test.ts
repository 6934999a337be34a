import assert from "node:assert/strict";
import test from "node:test";
import { backoff, retryAfter, worthRetrying } from "../src/backoff";

test("waiting doubles from a second to a minute, half of it by chance", () => {
  const longest = [1, 2, 3, 6, 7, 50].map((failures) => backoff(failures, () => 1));
  const shortest = [1, 2, 3, 6, 7, 50].map((failures) => backoff(failures, () => 0));
  assert.deepEqual(longest, [1000, 2000, 4000, 32000, 60000, 60000]);
  assert.deepEqual(shortest, [500, 1000, 2000, 16000, 30000, 30000]);
});

test("chance comes from the generator and stays within its bounds", () => {
  const waits = new Set(Array.from({ length: 200 }, () => backoff(5)));
  assert.ok(waits.size > 20);
  for (const wait of waits) assert.ok(wait >= 8000 && wait <= 16000);
});

test("Retry-After is understood as seconds and as a date, and is bounded", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  assert.equal(retryAfter("7", now), 7000);
  assert.equal(retryAfter("Fri, 20 Nov 2026 12:00:30 GMT", now), 30000);
  assert.equal(retryAfter("86400", now), 600000);
  assert.equal(retryAfter("Fri, 20 Nov 2026 11:00:00 GMT", now), 0);
  assert.equal(retryAfter("soon", now), 0);
  assert.equal(retryAfter(null, now), 0);
});

test("silence, throttling and server errors are worth another attempt, refusals are not", () => {
  assert.deepEqual([0, 408, 429, 500, 503].map(worthRetrying), [true, true, true, true, true]);
  assert.deepEqual([202, 204, 400, 401, 403, 404, 413].map(worthRetrying), Array(7).fill(false));
});
