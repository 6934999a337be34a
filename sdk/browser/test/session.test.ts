import "./browser";
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";
import type { Touch } from "../src/context";
import { Identity } from "../src/session";

const MINUTE = 60_000;
const KEY = "_adrail_visitor";

beforeEach(() => {
  localStorage.clear();
  Object.assign(document, { cookie: "" });
});

function touch(parts: Partial<Touch>): Touch {
  return { utm: {}, click_ids: {}, referrer: "", landing_page: "/", at: "2026-11-20T10:00:00.000Z", ...parts };
}

function open(arrival: Touch | null = null, keep = true): Identity {
  const identity = new Identity(arrival);
  if (keep) identity.keep(true);
  return identity;
}

/** Makes the stored visitor look as if last seen this long ago. */
function age(milliseconds: number): void {
  const stored = JSON.parse(localStorage.getItem(KEY)!);
  localStorage.setItem(KEY, JSON.stringify({ ...stored, seen: stored.seen - milliseconds }));
}

test("until it may keep ids nothing is written, and every page is a visitor of its own", () => {
  const [first, second] = [open(null, false), open(null, false)];
  first.advance(true, 1);
  assert.deepEqual(Object.keys(localStorage), []);
  assert.equal(document.cookie, "");
  assert.notEqual(first.visitorId(), second.visitorId());
});

test("pages share visitor, session and sequence once ids are kept", () => {
  const one = open().advance(true, 1);
  const two = open().advance(true, 1);
  assert.deepEqual([two.id, two.session], [one.id, one.session]);
  assert.deepEqual([one.sequence, two.sequence], [1, 2]);
  assert.match(document.cookie, new RegExp(`^_adrail_vid=${one.id}; Max-Age=31536000; Path=/; SameSite=Lax$`));
});

test("a page that learns late that ids may be kept joins the visitor of the other tab", () => {
  const late = open(null, false);
  const early = open();
  late.keep(true);
  assert.equal(late.visitorId(), early.visitorId());
});

test("a session ends after the pause, and activity in any tab keeps it going", () => {
  const [here, there] = [open(), open()];
  const { session } = here.advance(true, 1);
  age(20 * MINUTE);
  assert.equal(there.advance(true, 1).session, session);
  age(20 * MINUTE);
  assert.equal(here.advance(true, 1).session, session);
  age(30 * MINUTE);
  const next = here.advance(true, 1);
  assert.notEqual(next.session, session);
  assert.equal(next.id, here.visitorId());
});

test("a visitor is forgotten after a year, unless the server's cookie remembers", () => {
  const { id } = open().advance(true, 1);
  age(366 * 24 * 60 * MINUTE);
  Object.assign(document, { cookie: "" });
  assert.notEqual(open().visitorId(), id);
  localStorage.clear();
  Object.assign(document, { cookie: "other=1; _adrail_vid=from-the-proxy" });
  assert.equal(open().visitorId(), "from-the-proxy");
});

test("first touch stays, last touch follows, and coming back directly changes neither", () => {
  const mail = touch({ utm: { source: "mail" } });
  const search = touch({ referrer: "https://search.example/" });
  open(mail).advance(true, 1);
  open(search).advance(true, 1);
  const now = open(touch({})).advance(true, 1);
  assert.deepEqual([now.first, now.last, now.touch], [mail, search, search]);
});

test("a new session does not inherit the campaign of the one before", () => {
  open(touch({ utm: { source: "mail" } })).advance(true, 1);
  age(31 * MINUTE);
  const now = open().advance(true, 1);
  assert.equal(now.touch, null);
  assert.deepEqual(now.last!.utm, { source: "mail" });
});

test("click ids are kept only with marketing", () => {
  const clicked = touch({ click_ids: { gclid: "G" } });
  const identity = new Identity(clicked);
  identity.keep(false);
  identity.advance(false, 1);
  assert.doesNotMatch(localStorage.getItem(KEY)!, /gclid/);
  assert.deepEqual(identity.advance(true, 1).touch!.click_ids, { gclid: "G" });
});

test("forgetting leaves the spared name alone", () => {
  const identity = open();
  localStorage.setItem("_adrail_consent", "{}");
  localStorage.setItem("_adrail_q.x", "{}");
  localStorage.setItem("shop", "1");
  identity.forget("consent");
  assert.deepEqual(Object.keys(localStorage).sort(), ["_adrail_consent", "shop"]);
  assert.match(document.cookie, /^_adrail_vid=; Max-Age=0/);
});
