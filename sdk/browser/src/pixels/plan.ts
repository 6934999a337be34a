/** Owns what one code may see of an event: the right organiser's items, their value, and the shared event id. */
import type { TrackingConfig } from "../config";
import { total } from "../money";
import type { PixelCode, PixelEvent, PixelItem } from "../pixel-adapter";
import type { Fields } from "../types";
import { orderEventId } from "../uuid5";
import type { PixelSource } from "./gate";

const ORDER_COMPLETED = "order_completed";

/** What this code fires for the event, or null when it does not concern the code. */
export function planPixel(code: PixelCode, source: PixelSource, config: TrackingConfig): PixelEvent | null {
  const mapped = Object.keys(code.events).includes(source.event_name) && code.events[source.event_name];
  if (!mapped) return null;
  const all = itemsOf(source);
  const items = code.level === "marketplace" ? all : all.filter((item) => owns(code, item, config));
  if (all.length && !items.length) return null;
  const { payload, entities } = source;
  return {
    canonical: source.event_name,
    name: mapped.name,
    event_id: eventId(code, source, config),
    ...worth(payload, items, code.level === "marketplace" || (isOrder(source) && items.length === all.length)),
    ...(entities.order_id ? { order_id: text(entities.order_id) } : {}),
    ...(payload.query ? { search_string: text(payload.query) } : {}),
    items,
  };
}

function owns(code: PixelCode, item: PixelItem, config: TrackingConfig): boolean {
  if (code.live_events) return code.live_events.includes(item.live_event_id);
  return !!code.organizer_id && config.live_events?.[item.live_event_id] === code.organizer_id;
}

const isOrder = (source: PixelSource): boolean => source.event_name === ORDER_COMPLETED;

function eventId(code: PixelCode, source: PixelSource, config: TrackingConfig): string {
  if (!isOrder(source)) return source.event_id;
  const organizer = code.level === "marketplace" ? null : (code.organizer_id ?? null);
  return orderEventId(config.namespace ?? "", text(source.entities.order_id), ORDER_COMPLETED, organizer);
}

/** The whole's value is what the page stated (it may include fees); a part's value can only be the sum of its items. */
function worth(payload: Fields, items: PixelItem[], whole: boolean): { value?: string; currency?: string } {
  const stated = whole ? (payload.value ?? payload.cart_value) : undefined;
  const value = stated === undefined ? total(items) : text(stated);
  return value !== undefined && payload.currency ? { value, currency: text(payload.currency) } : {};
}

/** Carts say `qty` and `price`, orders `quantity` and `unit_price`; the view of a live event is one item of that event. */
function itemsOf(source: PixelSource): PixelItem[] {
  const { entities, payload } = source;
  const event = entities.event_entity_id;
  if (Array.isArray(payload.items)) return payload.items.map((item: Fields) => itemOf(item, event));
  return event && source.event_name !== "page_view" ? [itemOf(payload, event)] : [];
}

function itemOf(item: Fields, event: unknown): PixelItem {
  const liveEvent = text(item.live_event_id ?? event);
  const price = item.unit_price ?? item.price;
  return {
    id: text(item.ticket_type_id ?? liveEvent),
    live_event_id: liveEvent,
    quantity: Number(item.quantity ?? item.qty ?? 1),
    ...(price !== undefined && price !== null && { price: text(price) }),
  };
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : `${value}`;
}
