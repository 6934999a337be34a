import assert from "node:assert/strict";
import test from "node:test";
import type { TrackingConfig } from "../src/config";
import { effective, type StoredChoice } from "../src/consent";

const SINCE = "2026-11-20T10:00:00.000Z";
const quiet = { gpc: false, dnt: false };

function region(model: string, respect_dnt: "off" | "no_marketing" | "no_tracking" = "no_marketing"): TrackingConfig {
  const EU = { model, analytics: true, marketing: true };
  return { sdk: { respect_dnt }, consent: { default_region: "EU", region: "EU", regions: { EU } } };
}

function choice(analytics: boolean, marketing: boolean, despite_gpc = false): StoredChoice {
  return { snapshot: { analytics, marketing, data_processing: true, captured_at: SINCE }, despite_gpc };
}

test("before a decision everything is open under opt-in, and until the config is there", () => {
  assert.equal(effective(null, region("opt_in"), quiet, SINCE), null);
  assert.equal(effective(null, undefined, quiet, SINCE), null);
  assert.equal(effective(null, null, quiet, SINCE), null);
});

test("with any other model the region's defaults hold from the start", () => {
  const now = effective(null, region("opt_out"), quiet, SINCE)!;
  assert.deepEqual([now.analytics, now.marketing, now.data_processing], [true, true, false]);
  assert.equal(now.captured_at, SINCE);
});

test("a region that is not listed falls back to the default region", () => {
  const config = region("opt_out");
  config.consent!.region = "??";
  assert.equal(effective(null, config, quiet, SINCE)!.analytics, true);
});

test("a decision holds whatever the region says, and without a config", () => {
  assert.equal(effective(choice(false, false), region("opt_out"), quiet, SINCE)!.analytics, false);
  assert.equal(effective(choice(true, true), null, quiet, SINCE)!.marketing, true);
});

test("GPC means no marketing unless the visitor granted it while GPC was on", () => {
  const gpc = { gpc: true, dnt: false };
  assert.equal(effective(null, region("opt_out"), gpc, SINCE)!.marketing, false);
  assert.equal(effective(choice(true, true), region("opt_in"), gpc, SINCE)!.marketing, false);
  assert.equal(effective(choice(true, true, true), region("opt_in"), gpc, SINCE)!.marketing, true);
  assert.equal(effective(choice(true, false, true), region("opt_in"), gpc, SINCE)!.marketing, false);
});

test("Do Not Track acts as the site configured it", () => {
  const dnt = { gpc: false, dnt: true };
  const granted = (setting: "off" | "no_marketing" | "no_tracking") => {
    const now = effective(choice(true, true), region("opt_in", setting), dnt, SINCE)!;
    return [now.analytics, now.marketing];
  };
  assert.deepEqual(granted("off"), [true, true]);
  assert.deepEqual(granted("no_marketing"), [true, false]);
  assert.deepEqual(granted("no_tracking"), [false, false]);
});

test("with Do Not Track events wait for the config, and an unreachable one means no marketing", () => {
  const dnt = { gpc: false, dnt: true };
  assert.equal(effective(choice(true, true), undefined, dnt, SINCE), null);
  const now = effective(choice(true, true), null, dnt, SINCE)!;
  assert.deepEqual([now.analytics, now.marketing], [true, false]);
});
