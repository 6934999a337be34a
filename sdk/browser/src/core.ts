/** Owns the SDK's public face and wires its parts: what a page tracks goes to the collector and, consented, to pixels. */
import { cartOptions, ORDER_COMPLETED, orderSource } from "./commerce";
import { fetchConfig, type TrackingConfig } from "./config";
import { CONSENT_KEY, Consent, type ConsentState } from "./consent";
import { tellChoice } from "./consent-sync";
import { pageContext, readTouch, type Touch } from "./context";
import { uuid4 } from "./ids";
import { type Moment, watchLifecycle } from "./lifecycle";
import { type InitOptions, sampled, transportSettings } from "./options";
import { watchPageViews } from "./page-views";
import type { PixelFactory } from "./pixel-adapter";
import { type CreateRuntime, PixelGate } from "./pixels/gate";
import { Queue } from "./queue";
import { injectScript, pageNonce } from "./script";
import { Identity } from "./session";
import { stamp } from "./stamp";
import { Transport } from "./transport";
import type { CartItem, Choice, Draft, Fields, Log, Order, Snapshot, TrackOptions } from "./types";
import { VERSION } from "./version";

const HELD_LIMIT = 500;
/** Events that become conversions leave at once: the visitor may be gone in a second. */
const PROMPT = ["event_view", "add_to_cart", "checkout_started", "payment_method_selected"];

export interface ConsentApi {
  /** The visitor's decision; the collector hears of it at once. */
  set(choice: Choice): void;
  get(): ConsentState;
  /** Called on every change, also from another tab; returns how to stop. */
  on(listener: (state: ConsentState) => void): () => void;
}

export class Adrail {
  readonly version = VERSION;
  readonly consent: ConsentApi = {
    set: (choice) => this.#decide(choice),
    get: () => this.#state.state(),
    on: (listener) => this.#state.on(listener),
  };
  /** Set by the lazy part `pixels.js`; not for pages. */
  pixels: CreateRuntime | undefined;

  #options: InitOptions | undefined;
  #debug = /[?&]adrail_debug=1/.test(location.search);
  #held: Draft[] = [];
  #lost = 0;
  readonly #log: Log = (...details) => {
    if (this.#debug) console.debug("[adrail]", ...details);
  };
  readonly #nonce = pageNonce();
  readonly #state = new Consent();
  readonly #identity = new Identity(readTouch(location, document.referrer));
  readonly #queue = new Queue();
  readonly #transport = new Transport(this.#queue, () => this.#settings(), this.#log);
  readonly #factories = new Map<string, PixelFactory>();
  readonly #gate: PixelGate;
  #pageReferrer = document.referrer;

  /** `script` is the URL the SDK was loaded from. */
  constructor(script: string) {
    const nonce = () => this.#options?.nonce ?? this.#nonce;
    this.#gate = new PixelGate({
      consent: this.#state,
      factories: this.#factories,
      nonce,
      injectScript: (url) => injectScript(url, nonce()),
      asset: (path) => new URL(path, new URL(this.#options?.assets ?? script, location.href)).href,
      createRuntime: () => this.pixels,
      report: (payload) => this.track("pixel_fired", { payload }),
      log: this.#log,
    });
    this.#state.on(() => this.#settle());
  }

  /** Starts the SDK once per page; calls made before are kept and go with it. Throws when the key is missing. */
  init(options: InitOptions): void {
    if (!options?.key) throw new Error("adrail.init: pass `key`, the site's public write key");
    if (this.#options) return;
    this.#options = options;
    this.#debug ||= !!options.debug;
    this.#identity.cookieDomain = options.cookieDomain;
    watchLifecycle((moment) => this.#live(moment));
    if (options.autoPageViews !== false) {
      watchPageViews(({ referrer, ...payload }) => {
        this.#pageReferrer = referrer;
        this.pageView(payload);
      });
    }
    if (options.endpoint) this.#tell();
    void this.#configure(options.config);
  }

  /** Tracks an event and returns its id; sent once consent allows, or never. */
  track(name: string, { payload = {}, entities = {}, eventId = uuid4() }: TrackOptions = {}): string {
    if (name === ORDER_COMPLETED) {
      console.warn("[adrail] for orders call adrail.purchase(order)");
      return eventId;
    }
    const draft: Draft = {
      event_id: eventId,
      event_name: name,
      occurred_at: new Date().toISOString(),
      context: pageContext(this.#pageReferrer, this.#pageType()),
      entities: { ...entities },
      payload: { ...payload },
    };
    this.#log("track", name, draft);
    this.#collect(draft);
    if (name !== "pixel_fired") this.#gate.accept(draft);
    return eventId;
  }

  pageView(payload: { page_type?: string } & Fields = {}): string {
    const type = payload.page_type ?? this.#pageType();
    return this.track("page_view", { payload: { ...payload, ...(type && { page_type: type }) } });
  }

  eventView({ live_event_id, ...payload }: { live_event_id: string } & Fields): string {
    return this.track("event_view", { entities: { event_entity_id: live_event_id }, payload });
  }

  addToCart(cart: { items: CartItem[]; cart_value: string; currency: string } & Fields): string {
    return this.track("add_to_cart", cartOptions(cart));
  }

  checkoutStarted(cart: { items: CartItem[]; value: string; currency: string } & Fields): string {
    return this.track("checkout_started", cartOptions(cart));
  }

  /** Fires the pixels of a completed order, once per order and code; the order itself reaches adrail from the backend. */
  purchase(order: Order): void {
    if (!order?.order_id) console.warn("[adrail] order_id is missing", order);
    else this.#gate.accept(orderSource(order));
  }

  /** What a backend needs to tie an order to this visit. */
  ids(): { visitor_id: string; session_id: string; first_touch: Touch | null; last_touch: Touch | null } {
    const { id, session, first, last } = this.#identity.advance(!!this.#state.now()?.marketing, 0);
    return { visitor_id: id, session_id: session, first_touch: first, last_touch: last };
  }

  /** For pages that want to know, and for tests. */
  stats(): { held: number; queued: number; sent: number; dropped: number } {
    const [queue, transport] = [this.#queue, this.#transport];
    return { held: this.#held.length, queued: queue.size, sent: transport.sent, dropped: this.#lost + queue.dropped };
  }

  flush(): Promise<void> {
    return this.#transport.flush();
  }

  /** For pixel adapters: see pixel-adapter.ts. */
  registerPixel(provider: string, factory: PixelFactory): void {
    this.#factories.set(provider, factory);
  }

  async #configure(source: string | TrackingConfig | undefined): Promise<void> {
    const config = typeof source === "string" ? await fetchConfig(source, this.#log) : (source ?? null);
    this.#state.config = config;
    this.#identity.minutes = config?.sdk?.session_minutes ?? 30;
    // The visitor is whom the live view of adrail wants to know.
    this.#log("config", config, this.#identity.visitorId());
    if (!this.#options?.endpoint) this.#tell();
    this.#state.changed();
  }

  #decide(choice: Choice): void {
    this.#log("consent", choice);
    this.#state.decide(choice, () => this.#identity.visitorId());
    if (this.#options?.endpoint || this.#state.config !== undefined) this.#tell();
  }

  #tell(): void {
    if (this.#options) void tellChoice(this.#state, () => this.#settings());
  }

  /** What holds for events now; null before `init`, and until the config arrived unless the page is being left. */
  #ready(leaving: boolean): Snapshot | null {
    return this.#options && (leaving || this.#state.config !== undefined) ? this.#state.now() : null;
  }

  /** Brings storage, queue and pixels in line with consent and config. */
  #settle(leaving = false): void {
    const now = this.#ready(leaving);
    if (now) {
      if (now.analytics || now.marketing) this.#identity.keep(now.marketing);
      else this.#identity.forget(CONSENT_KEY);
      this.#queue.adopt();
      if (!now.analytics) this.#queue.clear();
      else if (this.#queue.size) this.#transport.schedule(0);
      for (const draft of this.#held.splice(0)) this.#collect(draft, leaving);
    }
    this.#gate.update();
  }

  #collect(draft: Draft, leaving = false): void {
    const now = this.#ready(leaving);
    if (!now) {
      this.#lost += this.#held.splice(0, this.#held.push(draft) - HELD_LIMIT).length;
    } else if (now.analytics && sampled(this.#identity.visitorId(), this.#state.config?.sdk?.sample_rate)) {
      this.#transport.push(stamp(draft, this.#identity, now), PROMPT.includes(draft.event_name));
    } else this.#log("not collected", draft.event_name);
  }

  #live(moment: Moment): void {
    if (moment === "seen") {
      this.#queue.hold();
      if (this.#ready(false)?.analytics) this.#queue.adopt();
      this.#transport.resume();
    } else {
      if (this.#held.length) this.#settle(true);
      this.#transport.leave();
      if (moment === "left") this.#queue.letGo();
    }
  }

  #settings() {
    return transportSettings(this.#options!, this.#state.config);
  }

  #pageType(): string | undefined {
    const type = this.#options?.pageType;
    return typeof type === "function" ? type() : type;
  }
}
