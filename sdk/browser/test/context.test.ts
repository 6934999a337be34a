import "./browser";
import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import { clickCookies, readTouch, withoutClickIds } from "../src/context";
import { sampled } from "../src/options";

const HOME = "https://tickets.example";

afterEach(() => Object.assign(document, { cookie: "" }));

function arrive(path: string, referrer: string) {
  return readTouch(new URL(HOME + path) as unknown as Location, referrer);
}

test("campaign parameters, click ids and the outside referrer make a touch", () => {
  const touch = arrive("/e/1?utm_source=mail&utm_campaign=may&gclid=G1&fbclid=F1&x=2", "https://search.example/q")!;
  assert.deepEqual(touch.utm, { source: "mail", campaign: "may" });
  assert.deepEqual(touch.click_ids, { gclid: "G1", fbclid: "F1" });
  assert.equal(touch.referrer, "https://search.example/q");
  assert.equal(touch.landing_page, `${HOME}/e/1?utm_source=mail&utm_campaign=may&x=2`);
});

test("moving within the site is no touch, a direct visit is one that says nothing", () => {
  assert.equal(arrive("/cart", `${HOME}/e/1`), null);
  assert.equal(arrive("/", "")!.referrer, "");
  assert.equal(arrive("/?utm_source=x", `${HOME}/e/1`)!.referrer, "");
  assert.equal(arrive("/", `${HOME}.evil.example/`)!.referrer, `${HOME}.evil.example/`);
});

test("click ids are cut out of an address and nothing else is", () => {
  assert.equal(withoutClickIds(`${HOME}/a?x=1&fbclid=abc&y=2#f`), `${HOME}/a?x=1&y=2#f`);
  assert.equal(withoutClickIds(`${HOME}/a?gclid=1&wbraid=2&x=3`), `${HOME}/a?x=3`);
  assert.equal(withoutClickIds(`${HOME}/a?my_gclid=1`), `${HOME}/a?my_gclid=1`);
  assert.doesNotMatch(withoutClickIds(`${HOME}/a?gclid=1&fbclid=2&ttclid=3`), /clid/);
});

test("cookies give click ids under their names, as far as consent goes", () => {
  const measuring = { ga: "GA1.1.98.17", ga_ABCDE12345: "GS2.1.s1795190400$o3" };
  const marketing = { fbp: "fb.1.2.3", fbc: "fb.1.2.c", ttp: "t p", ttclid: "T", li_fat_id: "L" };
  const cookie =
    "_ga=GA1.1.98.17; _ga_ABCDE12345=GS2.1.s1795190400%24o3; _fbp=fb.1.2.3; _fbc=fb.1.2.c; _ttp=t%20p; ttclid=T; " +
    "li_fat_id=L; _gat=1; ga=own; fbp=own; _adrail_vid=v; _ga_BROKEN=%; session=s";
  Object.assign(document, { cookie });
  assert.deepEqual(clickCookies({ analytics: true, marketing: true }), { ...measuring, ...marketing });
  assert.deepEqual(clickCookies({ analytics: false, marketing: true }), { ...measuring, ...marketing });
  assert.deepEqual(clickCookies({ analytics: true, marketing: false }), measuring);
  assert.deepEqual(clickCookies({ analytics: false, marketing: false }), {});
});

test("a frame that may not read cookies has no click ids from them", () => {
  const refuse = () => {
    throw new Error("sandboxed");
  };
  const before = Object.getOwnPropertyDescriptor(document, "cookie")!;
  Object.defineProperty(document, "cookie", { get: refuse, configurable: true });
  assert.deepEqual(clickCookies({ analytics: true, marketing: true }), {});
  Object.defineProperty(document, "cookie", before);
});

test("the sample is a fixed share of visitors, and unknown id forms are in it", () => {
  assert.equal(sampled("00000000-0000-4000-8000-000000000000", 0.1), true);
  assert.equal(sampled("ffffffff-0000-4000-8000-000000000000", 0.1), false);
  assert.equal(sampled("ffffffff-0000-4000-8000-000000000000", 1), true);
  assert.equal(sampled("00000000-0000-4000-8000-000000000000", 0), false);
  assert.equal(sampled("visitor-from-a-proxy", 0.1), true);
});
