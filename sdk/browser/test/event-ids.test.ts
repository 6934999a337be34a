import assert from "node:assert/strict";
import test from "node:test";
import vectors from "../../test-vectors/event-ids.json";
import { uuid4 } from "../src/ids";
import { orderEventId } from "../src/uuid5";

for (const { namespace, order, event_name, organizer, expected } of vectors) {
  test(`order event id of ${order.slice(0, 30)} | ${event_name} | ${organizer} equals the shared vector`, () => {
    assert.equal(orderEventId(namespace, order, event_name, organizer), expected);
  });
}

test("random ids are version 4 UUIDs with and without crypto.randomUUID", () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const native = Array.from({ length: 50 }, uuid4);
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  const fallback = Array.from({ length: 500 }, uuid4);
  delete (crypto as { randomUUID?: unknown }).randomUUID;
  for (const id of [...native, ...fallback]) assert.match(id, form);
  assert.equal(new Set([...native, ...fallback]).size, 550);
});
