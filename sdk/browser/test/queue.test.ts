import "./browser";
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";
import { LEASE_MS, QUEUE_LIMIT, Queue } from "../src/queue";
import { envelope, ids } from "./envelopes";

const ALL = [1000, 1_000_000] as const;

beforeEach(() => localStorage.clear());

/** Makes every stored queue look as if its page had stopped this long ago. */
function age(milliseconds: number): void {
  for (const key of Object.keys(localStorage)) {
    const stored = JSON.parse(localStorage.getItem(key)!);
    localStorage.setItem(key, JSON.stringify({ ...stored, seen: stored.seen - milliseconds }));
  }
}

test("events under way are not taken again, and come back when they did not arrive", () => {
  const queue = new Queue();
  queue.push(envelope("a"), envelope("b"), envelope("c"));
  const batch = queue.take(2, ALL[1]);
  assert.deepEqual(ids(batch), ["a", "b"]);
  assert.deepEqual(ids(queue.take(...ALL)), ["c"]);
  queue.release(batch);
  assert.deepEqual(ids(queue.take(...ALL)), ["a", "b"]);
});

test("settled events leave the queue and its stored copy", () => {
  const queue = new Queue();
  queue.push(envelope("a"), envelope("b"));
  queue.settle(queue.take(1, ALL[1]));
  assert.equal(queue.size, 1);
  queue.settle(queue.take(...ALL));
  assert.deepEqual(Object.keys(localStorage), []);
});

test("a batch respects the bytes of its events, counted as UTF-8, but never stays empty", () => {
  const queue = new Queue();
  queue.push(envelope("a", { text: "€".repeat(1000) }), envelope("b", { text: "€".repeat(1000) }), envelope("c"));
  assert.deepEqual(ids(queue.take(10, 5000)), ["a"]);
  assert.deepEqual(ids(queue.take(10, 10)), ["b"]);
});

test("the limit drops the oldest and counts them", () => {
  const queue = new Queue();
  for (let number = 0; number < QUEUE_LIMIT + 3; number++) queue.push(envelope(`${number}`));
  assert.equal(queue.size, QUEUE_LIMIT);
  assert.equal(queue.dropped, 3);
  assert.equal(queue.take(...ALL)[0]!.event_id, "3");
});

test("the next page takes over at once what a left page could not send", () => {
  const left = new Queue();
  left.push(envelope("a"), envelope("b"));
  left.take(1, ALL[1]);
  left.letGo();
  const next = new Queue();
  next.adopt();
  assert.deepEqual(ids(next.take(...ALL)), ["a", "b"]);
});

test("what happens after a page was left does not claim its queue again, until the page is back", () => {
  const left = new Queue();
  left.push(envelope("a"));
  const batch = left.take(...ALL);
  left.letGo();
  left.release(batch);
  left.renew();
  const next = new Queue();
  next.adopt();
  assert.equal(next.size, 1);
  left.hold();
  left.push(envelope("b"));
  const other = new Queue();
  other.adopt();
  assert.equal(other.size, 0);
});

test("a living page's queue is not touched, a crashed page's is taken after the lease", () => {
  const living = new Queue();
  living.push(envelope("a"));
  const other = new Queue();
  other.adopt();
  assert.equal(other.size, 0);
  age(LEASE_MS);
  other.adopt();
  assert.deepEqual(ids(other.take(...ALL)), ["a"]);
});

test("a page that wakes up to find its queue taken does not send it again", () => {
  const sleeper = new Queue();
  sleeper.push(envelope("a"));
  sleeper.letGo();
  const next = new Queue();
  next.adopt();
  assert.deepEqual(sleeper.take(...ALL), []);
  sleeper.push(envelope("b"));
  assert.deepEqual(ids(sleeper.take(...ALL)), ["b"]);
  assert.deepEqual(ids(next.take(...ALL)), ["a"]);
});

test("an answer that arrives after the queue was taken does not bring events back", () => {
  const sleeper = new Queue();
  sleeper.push(envelope("a"), envelope("b"));
  const batch = sleeper.take(1, ALL[1]);
  sleeper.letGo();
  new Queue().adopt();
  sleeper.settle(batch);
  assert.equal(sleeper.size, 0);
});

test("without room in storage events live on in memory", () => {
  const queue = new Queue();
  const original = localStorage.setItem;
  localStorage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  queue.push(envelope("a"));
  localStorage.setItem = original;
  assert.deepEqual(ids(queue.take(...ALL)), ["a"]);
});

test("damaged storage is cleared away", () => {
  localStorage.setItem("_adrail_q.broken", "{");
  const queue = new Queue();
  queue.adopt();
  assert.equal(queue.size, 0);
  assert.deepEqual(Object.keys(localStorage), []);
});
