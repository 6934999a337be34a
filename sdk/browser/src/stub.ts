/** Owns taking over from the loader stub: calls that the page made before the SDK had arrived. */
import type { Adrail } from "./core";

/** `["track", "share", {…}]`, `["consent.set", {…}]` */
export type Call = [method: string, ...parameters: unknown[]];

export interface Stub {
  q: { push(...calls: Call[]): unknown };
}

declare global {
  interface Window {
    adrail?: Adrail & Stub;
  }
}

/**
 * Puts the SDK on `window`, then makes the calls that were waiting, in order; `q.push` goes on working. A second copy of the
 * SDK on the same page steps back for the first.
 */
export function install(create: () => Adrail): Adrail & Stub {
  const before = window.adrail;
  if (before?.version) return before;
  const waiting = (before?.q ?? []) as Call[];
  const adrail = Object.assign(create(), { q: { push: (...calls: Call[]) => calls.forEach(run) } });
  window.adrail = adrail;
  waiting.forEach(run);
  return adrail;
}

/** One call that fails must not keep the others from being made. */
function run([method, ...parameters]: Call): void {
  try {
    const [first, second] = method.split(".") as [keyof Adrail, string?];
    const found = window.adrail![first] as unknown as Record<string, unknown>;
    const call = (second ? found[second] : found) as (...parameters: unknown[]) => unknown;
    call.apply(window.adrail, parameters);
  } catch (error) {
    console.error("[adrail]", method, error);
  }
}
