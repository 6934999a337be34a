/** Owns what the page passes to `init` and how it combines with tracking-config. */
import type { TrackingConfig } from "./config";
import type { TransportSettings } from "./transport";

export interface InitOptions {
  /** The site's public write key. */
  key: string;
  /** Where the collector lives; default: as tracking-config says, else `/api/tx`. */
  endpoint?: string;
  /** URL of the page's tracking-config, or the config itself; without one there are no pixels and no region defaults. */
  config?: string | TrackingConfig;
  /** A function is asked anew for every event, which suits single-page applications. */
  pageType?: string | (() => string);
  /** CSP nonce for injected scripts; default: that of the SDK's own script tag. */
  nonce?: string;
  debug?: boolean;
  /** Folder that holds `pixels.js`, and base of adapter paths; default: where the SDK itself was loaded from. */
  assets?: string;
  /** Domain of the visitor cookie, to share it between subdomains; default: this host alone. */
  cookieDomain?: string;
  /** False when the page calls `pageView` itself. */
  autoPageViews?: boolean;
}

export function transportSettings(options: InitOptions, config: TrackingConfig | null | undefined): TransportSettings {
  const sdk = config?.sdk ?? {};
  return {
    key: options.key,
    endpoint: (options.endpoint ?? sdk.endpoint ?? "/api/tx").replace(/\/$/, ""),
    batchSize: sdk.batch_size ?? 10,
    flushMs: sdk.flush_ms ?? 5000,
  };
}

/** Whether this visitor belongs to the sampled share. Visitor ids are random, so their first digits are a fair lot. */
export function sampled(visitor: string, rate = 1): boolean {
  const lot = Number.parseInt(visitor.slice(0, 8), 16) / 2 ** 32;
  return !(lot >= rate);
}
