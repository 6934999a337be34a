/** Entry of the module build `adrail.esm.js`; adapters find the same object on `window`. */
import { Adrail } from "./core";
import { install } from "./stub";

export type { TrackingConfig } from "./config";
export type { ConsentState } from "./consent";
export type { Adrail, ConsentApi } from "./core";
export type { EventName, EventPayloads, Money } from "./events";
export type { InitOptions } from "./options";
export type * from "./pixel-adapter";
export type { CartItem, Choice, Order, TrackOptions } from "./types";

export default install(() => new Adrail(import.meta.url));
