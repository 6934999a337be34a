import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, beforeEach } from "node:test";
import { Queue } from "../src/queue";
import { read } from "../src/storage";
import { Transport } from "../src/transport";
import { until } from "./browser";
import { envelope } from "./envelopes";

type Reply = { status: number; headers?: Record<string, string> };

const requests: { at: number; url: string; key: string; body: { events: { event_id: string }[]; sdk: object } }[] = [];
let replies: Reply[] = [];
/** What every answer waits for. */
let gate: Promise<void> = Promise.resolve();

const collector = createServer(async (request: IncomingMessage, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  const key = `${request.headers["x-adrail-key"]}`;
  requests.push({ at: Date.now(), url: `${request.url}`, key, body: JSON.parse(text) });
  await gate;
  const { status, headers } = replies.shift() ?? { status: 202 };
  response.writeHead(status, headers).end();
});
await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/api/tx`;

after(() => {
  collector.closeAllConnections();
  collector.close();
});

beforeEach(() => {
  requests.length = 0;
  replies = [];
  localStorage.clear();
});

function open(batchSize = 3, flushMs = 60_000): { queue: Queue; transport: Transport } {
  const queue = new Queue();
  const settings = () => ({ endpoint, key: "wk_1", batchSize, flushMs });
  return { queue, transport: new Transport(queue, settings, () => undefined) };
}

function received(): string[] {
  return requests.flatMap((request) => request.body.events.map((event) => event.event_id));
}

test("a full batch leaves at once with key and SDK version, a smaller one waits", async () => {
  const { queue, transport } = open(3);
  transport.push(envelope("a"), false);
  transport.push(envelope("b"), false);
  assert.equal(queue.size, 2);
  transport.push(envelope("c"), false);
  await until(() => queue.size === 0);
  assert.deepEqual(received(), ["a", "b", "c"]);
  assert.deepEqual([requests[0]!.url, requests[0]!.key], ["/api/tx/events/batch", "wk_1"]);
  assert.deepEqual(Object.keys(requests[0]!.body), ["sent_at", "sdk", "events"]);
});

test("the flush interval sends what is there", async () => {
  const { queue, transport } = open(10, 50);
  transport.push(envelope("a"), false);
  await until(() => queue.size === 0);
  assert.deepEqual(received(), ["a"]);
});

test("a prompt event leaves long before the flush interval and takes the others along", async () => {
  const { queue, transport } = open(10);
  const start = Date.now();
  transport.push(envelope("a"), false);
  transport.push(envelope("b"), true);
  await until(() => queue.size === 0);
  assert.ok(requests[0]!.at - start <= 30_000);
  assert.deepEqual(received(), ["a", "b"]);
});

test("no more than 100 events share a request", async () => {
  const { queue, transport } = open(1000);
  for (let number = 0; number < 230; number++) queue.push(envelope(`${number}`));
  await transport.flush();
  assert.deepEqual(
    requests.map((request) => request.body.events.length <= 100),
    requests.map(() => true),
  );
  assert.equal(new Set(received()).size, 230);
  assert.equal(received().length, 230);
});

test("a server in trouble is asked again later and nothing is lost or doubled", async () => {
  replies = [{ status: 503 }, { status: 500 }];
  let answer = () => {};
  gate = new Promise((resolve) => (answer = resolve));
  const { queue, transport } = open(1);
  transport.push(envelope("a"), false);
  await until(() => requests.length === 1);
  transport.push(envelope("b"), false);
  answer();
  await until(() => queue.size === 0);
  assert.deepEqual(received(), ["a", "a", "b", "a", "b"]);
  assert.ok(requests[1]!.at - requests[0]!.at >= 450);
});

test("Retry-After is obeyed, also by other pages", async () => {
  replies = [{ status: 429, headers: { "Retry-After": "2" } }];
  const { transport } = open(1);
  transport.push(envelope("a"), false);
  // Asked for by the answer: the request alone says only that the collector got it.
  await until(() => Boolean(read("pause")));
  const other = open(1);
  other.transport.push(envelope("b"), false);
  await until(() => received().length === 3);
  for (const later of requests.slice(1)) assert.ok(later.at - requests[0]!.at >= 1900);
});

test("a refused batch is dropped, so that the next one gets through", async () => {
  replies = [{ status: 400 }];
  const { queue, transport } = open(1);
  transport.push(envelope("bad"), false);
  await until(() => queue.size === 0);
  transport.push(envelope("good"), false);
  await until(() => queue.size === 0);
  assert.deepEqual(received(), ["bad", "good"]);
  assert.equal(transport.sent, 1);
});

test("an unreachable collector keeps everything, and being back sends it without more waiting", async () => {
  const { queue, transport } = open(1);
  const settings = { endpoint: "http://127.0.0.1:9", key: "k", batchSize: 1, flushMs: 60_000 };
  const offline = new Transport(
    queue,
    () => settings,
    () => undefined,
  );
  offline.push(envelope("a"), false);
  await offline.flush();
  assert.equal(queue.size, 1);
  settings.endpoint = endpoint;
  offline.resume();
  await until(() => queue.size === 0);
  assert.deepEqual(received(), ["a"]);
  assert.equal(transport.sent, 0);
});

test("leaving hands everything to one beacon as text, except what is already under way", () => {
  const beacons: { url: string; body: string }[] = [];
  const sendBeacon = (url: string, body: string) => !!beacons.push({ url, body });
  Object.assign(navigator, { sendBeacon });
  const { queue, transport } = open(100);
  queue.push(envelope("flying"));
  const flying = queue.take(1, 100_000);
  transport.push(envelope("a"), false);
  transport.push(envelope("b"), false);
  transport.leave();
  transport.leave();
  assert.deepEqual(
    beacons.map(({ url, body }) => [url, JSON.parse(body).events.map((event: { event_id: string }) => event.event_id)]),
    [[`${endpoint}/collect?key=wk_1`, ["a", "b"]]],
  );
  queue.settle(flying);
  assert.equal(queue.size, 0);
});

test("a beacon that the browser does not take becomes a request, and offline nothing leaves the queue", async () => {
  Object.assign(navigator, { sendBeacon: () => false, onLine: false });
  const { queue, transport } = open(100);
  transport.push(envelope("a"), false);
  transport.leave();
  assert.equal(queue.size, 1);
  Object.assign(navigator, { onLine: true });
  transport.leave();
  await until(() => queue.size === 0);
  assert.deepEqual(received(), ["a"]);
});

test("while the collector asks for patience, leaving keeps events for the next page", async () => {
  Object.assign(navigator, { sendBeacon: () => assert.fail("a beacon would be lost") });
  replies = [{ status: 503, headers: { "Retry-After": "60" } }];
  const { queue, transport } = open(1);
  transport.push(envelope("a"), false);
  await until(() => Boolean(read("pause")));
  await transport.flush();
  transport.leave();
  queue.letGo();
  const next = new Queue();
  next.adopt();
  assert.equal(next.size, 1);
});
