/** Owns the moments in a page's life at which events must be saved or may flow again. */

/** `hidden` is often the last thing a mobile page ever runs; `left` may still end in the back/forward cache. */
export type Moment = "seen" | "hidden" | "left";

/** `beforeunload` and `unload` are left alone: they are unreliable and keep pages out of the back/forward cache. */
export function watchLifecycle(live: (moment: Moment) => void): void {
  document.addEventListener("visibilitychange", () => live(document.hidden ? "hidden" : "seen"));
  addEventListener("pagehide", () => live("left"));
  addEventListener("pageshow", (event) => event.persisted && live("seen"));
  addEventListener("online", () => live("seen"));
}
