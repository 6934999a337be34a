/** Owns tracking-config: its shape, its defaults and fetching it once. */
import { backoff, pause, worthRetrying } from "./backoff";
import type { PixelCode } from "./pixel-adapter";
import type { Log } from "./types";

export interface SdkSettings {
  endpoint?: string;
  batch_size?: number;
  flush_ms?: number;
  /** Share of visitors, 0 to 1, whose events are collected. */
  sample_rate?: number;
  session_minutes?: number;
  respect_dnt?: "off" | "no_marketing" | "no_tracking";
}

export interface RegionDefault {
  /** With `opt_in` nothing leaves before the visitor decided; with any other model the defaults hold until then. */
  model: string;
  analytics: boolean;
  marketing: boolean;
  data_processing?: boolean;
}

export interface TrackingConfig {
  version?: string;
  namespace?: string;
  sdk?: SdkSettings;
  consent?: { default_region?: string; region?: string; regions?: Record<string, RegionDefault> };
  /** Live event id → organiser id. */
  live_events?: Record<string, string>;
  codes?: PixelCode[];
}

const ATTEMPTS = 4;

/** The config, or null after the last failed attempt: the page then collects with defaults and without pixels. */
export async function fetchConfig(url: string, log: Log): Promise<TrackingConfig | null> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      const response = await fetch(url, { credentials: "omit" });
      if (response.ok) return (await response.json()) as TrackingConfig;
      if (!worthRetrying(response.status)) break;
    } catch {
      // The network, or an answer cut short: worth another attempt.
    }
    await pause(backoff(attempt));
  }
  log("no tracking-config at", url);
  return null;
}
