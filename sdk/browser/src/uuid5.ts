/** Owns name-based event ids, which browser and server compute alike without talking to each other. */
import { sha1 } from "./sha1";

/** RFC 9562 version 5 UUID of `name` in `namespace`. */
export function uuid5(namespace: string, name: string): string {
  const hex = namespace.replace(/-/g, "");
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(16 + text.length);
  for (let i = 0; i < 16; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  bytes.set(text, 16);
  return format(sha1(bytes));
}

/** Stamps version and variant into the first 16 bytes and writes them in the usual five groups. */
function format(bytes: Uint8Array): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes.slice(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The id of an order's event: `organizer` null is the whole order, as marketplace codes see it. */
export function orderEventId(namespace: string, order: string, event: string, organizer: string | null): string {
  return uuid5(namespace, `${order}|${event}|${organizer ?? "*"}`);
}
