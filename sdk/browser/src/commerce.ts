/** Owns how the typed funnel helpers become events. */
import type { PixelSource } from "./pixels/gate";
import type { CartItem, Order, TrackOptions } from "./types";

export const ORDER_COMPLETED = "order_completed";

/** A cart's event names its live event when there is just one. */
export function cartOptions(cart: { items: CartItem[] }): TrackOptions {
  const events = new Set(cart.items.map((item) => item.live_event_id));
  return { payload: cart, entities: events.size === 1 ? { event_entity_id: [...events][0] } : {} };
}

/** What pixels are told about an order; the ids are derived per code. */
export function orderSource(order: Order): PixelSource {
  const { order_id, ...payload } = order;
  return { event_id: "", event_name: ORDER_COMPLETED, entities: { order_id }, payload };
}
