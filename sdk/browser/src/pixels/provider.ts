/** Owns one platform's adapter on the page: loading it, its consent, and keeping its failures to itself. */
import type { PixelAdapter, PixelCode, PixelEnv, PixelEvent } from "../pixel-adapter";
import { cookies } from "./cookies";
import type { PixelHost } from "./gate";

export type Outcome = "fired" | "blocked" | "no_consent";

class Withdrawn extends Error {}

export class Provider {
  readonly #host: PixelHost;
  readonly #name: string;
  readonly #loadScript: PixelEnv["loadScript"];
  #adapter: PixelAdapter | undefined;
  #opening: Promise<PixelAdapter> | undefined;
  readonly #ready = new Map<PixelCode, Promise<void>>();
  #granted = true;

  /** `loadScript` injects each URL once on the page. */
  constructor(host: PixelHost, name: string, loadScript: PixelEnv["loadScript"]) {
    this.#host = host;
    this.#name = name;
    this.#loadScript = loadScript;
  }

  /** Makes these granted codes ready; those that are already are left alone. */
  load(codes: PixelCode[]): void {
    const fresh = codes.filter((code) => !this.#ready.has(code));
    if (!fresh.length) return;
    const loading = this.#start(fresh);
    for (const code of fresh) this.#ready.set(code, loading);
    loading.catch((error) => {
      this.#host.log(`pixel ${this.#name} did not load`, error);
      if (error instanceof Withdrawn) for (const code of fresh) this.#ready.delete(code);
    });
  }

  async fire(code: PixelCode, event: PixelEvent): Promise<Outcome> {
    try {
      await this.#ready.get(code);
      if (!this.#adapter || !this.#granted || !this.#allows(code)) return "no_consent";
      await this.#adapter.track(code, event);
      return "fired";
    } catch (error) {
      this.#host.log(`pixel ${this.#name} failed`, error);
      return error instanceof Withdrawn ? "no_consent" : "blocked";
    }
  }

  /** One purpose withdrawn from one loaded code stops the platform as a whole: its scripts know no finer switch. */
  refresh(): void {
    const granted = [...this.#ready.keys()].every((code) => this.#allows(code));
    if (granted === this.#granted) return;
    this.#granted = granted;
    try {
      this.#adapter?.consent(granted);
    } catch (error) {
      this.#host.log(`pixel ${this.#name} failed on consent`, error);
    }
  }

  async #start(codes: PixelCode[]): Promise<void> {
    this.#opening ??= this.#open(codes[0]!);
    const adapter = await this.#opening;
    // Withdrawn while the adapter was on its way: not one byte of the vendor's may follow.
    if (!this.#granted || !codes.every((code) => this.#allows(code))) throw new Withdrawn();
    this.#adapter = adapter;
    await adapter.load(codes);
  }

  async #open(code: PixelCode): Promise<PixelAdapter> {
    const { asset, factories } = this.#host;
    if (!factories.has(this.#name)) await this.#loadScript(asset(code.adapter));
    const factory = factories.get(this.#name);
    if (!factory) throw new Error(`${code.adapter} did not register a pixel adapter for "${this.#name}"`);
    return factory(this.#env());
  }

  #env(): PixelEnv {
    const guarded = (url: string) => (this.#granted ? this.#loadScript(url) : Promise.reject(new Withdrawn()));
    return { nonce: this.#host.nonce(), loadScript: guarded, cookies, now: Date.now };
  }

  #allows(code: PixelCode): boolean {
    return this.#host.consent.grants(code.purposes);
  }
}
