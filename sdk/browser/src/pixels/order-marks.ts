/** Owns remembering which order was fired on which code, so that reloading a thank-you page fires nothing again. */
import type { PixelCode, PixelEvent } from "../pixel-adapter";
import { read, write } from "../storage";

const KEY = "orders";
const KEPT = 100;

export class OrderMarks {
  readonly #claimed = new Set<string>();

  /** False when the event's order was already fired, or is being fired, on this code. */
  claim(code: PixelCode, event: PixelEvent): boolean {
    if (!isOrder(event)) return true;
    const mark = markOf(code, event);
    if (this.#claimed.has(mark) || stored().includes(mark)) return false;
    this.#claimed.add(mark);
    return true;
  }

  /** Only what was really fired is remembered beyond this page: a blocked pixel may try again on the next. */
  keep(code: PixelCode, event: PixelEvent): void {
    if (isOrder(event)) write(KEY, [...stored(), markOf(code, event)].slice(-KEPT));
  }
}

function isOrder(event: PixelEvent): boolean {
  return event.canonical === "order_completed";
}

function stored(): string[] {
  return read<string[]>(KEY) ?? [];
}

/** The event id names order, event and organiser already. */
function markOf(code: PixelCode, event: PixelEvent): string {
  return `${event.event_id} ${code.provider} ${code.public_id}`;
}
