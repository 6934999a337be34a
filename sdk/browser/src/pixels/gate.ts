/** Owns the core's side of pixels: holding events until consent is known, and loading the lazy part only when it may fire. */
import type { Consent } from "../consent";
import type { PixelFactory } from "../pixel-adapter";
import type { Draft, Fields, Log } from "../types";

/** File name of the lazy part with its content's hash, filled in by the build so that both parts always match. */
declare const PIXELS_FILE: string;

const HELD_LIMIT = 100;

/** The part of a tracked event that pixels are made of. */
export type PixelSource = Pick<Draft, "event_id" | "event_name" | "entities" | "payload">;

/** What the lazy part offers. */
export interface PixelRuntime {
  /** Fires the event on every code that it concerns. */
  accept(source: PixelSource): void;
  /** Consent changed. */
  update(): void;
}

export type CreateRuntime = (host: PixelHost) => PixelRuntime;

/** What the lazy part finds in the core; no method needs its `this`. */
export interface PixelHost {
  consent: Consent;
  /** What adapters registered, by provider. */
  factories: Map<string, PixelFactory>;
  nonce(): string;
  /** Absolute URL of a path beside the SDK's own script. */
  asset(path: string): string;
  injectScript(url: string): Promise<void>;
  /** Filled in by the lazy script once it has run. */
  createRuntime(): CreateRuntime | undefined;
  report(payload: Fields): void;
  log: Log;
}

export class PixelGate {
  readonly #host: PixelHost;
  #held: PixelSource[] = [];
  #loading = false;
  #runtime: PixelRuntime | undefined;

  constructor(host: PixelHost) {
    this.#host = host;
  }

  accept(source: PixelSource): void {
    this.#held.splice(0, this.#held.push(source) - HELD_LIMIT);
    this.update();
  }

  /** Consent or config changed, or an event came: withdraw first, then let go what may go. */
  update(): void {
    this.#runtime?.update();
    const { consent } = this.#host;
    if (!consent.config || !consent.now()) return;
    const codes = consent.config.codes ?? [];
    if (codes.some((code) => consent.grants(code.purposes))) this.#open();
    else if (!this.#runtime) this.#held = [];
    if (this.#runtime) for (const source of this.#held.splice(0)) this.#runtime.accept(source);
  }

  async #open(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const { asset, createRuntime, injectScript, log } = this.#host;
    try {
      await injectScript(asset(PIXELS_FILE));
      this.#runtime = createRuntime()!(this.#host);
      this.update();
    } catch (error) {
      log("pixels cannot fire", error);
    }
  }
}
