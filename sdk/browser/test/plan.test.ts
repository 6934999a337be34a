import assert from "node:assert/strict";
import test from "node:test";
import vectors from "../../test-vectors/event-ids.json";
import { cartOptions, orderSource } from "../src/commerce";
import type { TrackingConfig } from "../src/config";
import type { PixelCode } from "../src/pixel-adapter";
import type { PixelSource } from "../src/pixels/gate";
import { planPixel } from "../src/pixels/plan";

const NAMES = ["page_view", "event_view", "add_to_cart", "search_performed", "order_completed"];

function code(level: PixelCode["level"], organizer: string | null, id = `px-${level}-${organizer}`): PixelCode {
  return {
    provider: "example",
    public_id: id,
    level,
    organizer_id: organizer,
    purposes: ["marketing"],
    events: Object.fromEntries(NAMES.map((name) => [name, { name: `X:${name}` }])),
    settings: {},
    adapter: "/sdk/v1/pixels/example.js",
  };
}

const first = code("live_event", "org-1");
const second = code("organizer", "org-2");
const stranger = code("organizer", "org-3");
const market = code("marketplace", null);
const config: TrackingConfig = {
  namespace: vectors[0]!.namespace,
  live_events: { "ev-1": "org-1", "ev-2": "org-2", "ev-3": "org-3" },
  codes: [first, second, stranger, market],
};
const cart = {
  items: [
    { live_event_id: "ev-1", ticket_type_id: "tt-1", qty: 3, price: "0.10" },
    { live_event_id: "ev-2", ticket_type_id: "tt-2", qty: 1, price: "19.90" },
    { live_event_id: "ev-1", ticket_type_id: "tt-3", qty: 2, price: "5.05" },
  ],
  cart_value: "31.30",
  currency: "RON",
};

function source(event_name: string, options: { payload?: object; entities?: object } = {}): PixelSource {
  return { event_id: "e-1", event_name, payload: { ...options.payload }, entities: { ...options.entities } };
}

test("a mixed cart gives each organiser its own items and their exact value", () => {
  const mixed = source("add_to_cart", cartOptions(cart));
  const one = planPixel(first, mixed, config)!;
  assert.deepEqual(
    one.items.map((item) => item.id),
    ["tt-1", "tt-3"],
  );
  assert.equal(one.value, "10.40");
  assert.equal(one.currency, "RON");
  assert.equal(planPixel(second, mixed, config)!.value, "19.90");
});

test("the marketplace sees the whole cart with the value the page stated", () => {
  const whole = planPixel(market, source("add_to_cart", cartOptions(cart)), config)!;
  assert.equal(whole.items.length, 3);
  assert.equal(whole.value, "31.30");
});

test("a cart without the organiser's items does not fire on the organiser's code", () => {
  assert.equal(planPixel(stranger, source("add_to_cart", cartOptions(cart)), config), null);
});

test("an item of an event that the config does not know belongs to the marketplace alone", () => {
  const unknown = { ...cart, items: [{ live_event_id: "ev-9", ticket_type_id: "tt-9", qty: 1, price: "1.00" }] };
  const event = source("add_to_cart", cartOptions(unknown));
  assert.equal(planPixel(first, event, config), null);
  assert.equal(planPixel({ ...first, organizer_id: undefined as never }, event, { ...config, live_events: {} }), null);
  assert.equal(planPixel(market, event, config)!.items[0]!.id, "tt-9");
});

test("a page view fires on every code with the tracked event's id", () => {
  for (const each of config.codes!) {
    const event = planPixel(each, source("page_view", { entities: { event_entity_id: "ev-1" } }), config)!;
    assert.deepEqual([event.event_id, event.name, event.items], ["e-1", "X:page_view", []]);
  }
});

test("the view of a live event is one item of that event, for its organiser and the marketplace", () => {
  const view = source("event_view", {
    entities: { event_entity_id: "ev-2" },
    payload: { price: "12.00", currency: "EUR" },
  });
  const item = { id: "ev-2", live_event_id: "ev-2", quantity: 1, price: "12.00" };
  assert.deepEqual(planPixel(second, view, config)!.items, [item]);
  assert.deepEqual(planPixel(market, view, config)!.items, [item]);
  assert.equal(planPixel(first, view, config), null);
});

test("an event that the code does not map does not fire, inherited property names included", () => {
  assert.equal(planPixel(market, source("scroll_depth"), config), null);
  assert.equal(planPixel(market, source("constructor"), config), null);
});

test("a search passes its words, and no value without a currency", () => {
  const event = planPixel(market, source("search_performed", { payload: { query: "jazz", value: "1" } }), config)!;
  assert.equal(event.search_string, "jazz");
  assert.equal("value" in event, false);
});

test("an organiser that owns all of an order gets the value the page stated, fees included", () => {
  const items = [{ live_event_id: "ev-1", ticket_type_id: "tt-1", quantity: 2, unit_price: "100.00" }];
  const order = orderSource({ order_id: "A-1002", currency: "RON", value: "216.00", items });
  assert.equal(planPixel(market, order, config)!.value, "216.00");
  assert.equal(planPixel(first, order, config)!.value, "216.00");
});

test("an order has the whole's id for the marketplace and the organiser's for its codes", () => {
  const order = orderSource({
    order_id: "A-1001",
    currency: "RON",
    value: "240.00",
    items: [
      { live_event_id: "ev-1", ticket_type_id: "tt-1", quantity: 2, unit_price: "100.00" },
      { live_event_id: "ev-2", ticket_type_id: "tt-2", quantity: 1, unit_price: "24.00" },
    ],
  });
  const expected = (organizer: string | null) =>
    vectors.find((vector) => vector.namespace === config.namespace && vector.organizer === organizer)!.expected;
  const whole = planPixel(market, order, config)!;
  const one = planPixel(first, order, config)!;
  assert.deepEqual([whole.event_id, whole.value, whole.order_id], [expected(null), "240.00", "A-1001"]);
  assert.deepEqual([one.event_id, one.value, one.order_id], [expected("org-1"), "200.00", "A-1001"]);
  assert.equal(planPixel(second, order, config)!.event_id, expected("org-2"));
  assert.equal(planPixel(stranger, order, config), null);
});

test("a code that names its live events sees no other event of its organiser", () => {
  const both = { ...config, live_events: { "ev-1": "org-1", "ev-2": "org-1" } };
  const narrow = { ...first, live_events: ["ev-2"] };
  const event = source("add_to_cart", cartOptions(cart));
  assert.equal(planPixel(first, event, both)!.value, "30.30");
  assert.equal(planPixel(narrow, event, both)!.value, "19.90");
  assert.equal(planPixel({ ...first, live_events: [] }, event, both), null);
});
