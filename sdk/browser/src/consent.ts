/** Owns the visitor's consent: the stored choice, region defaults, browser signals, and who listens. */
import type { TrackingConfig } from "./config";
import type { Purpose } from "./pixel-adapter";
import { read, write } from "./storage";
import type { Choice, Snapshot } from "./types";

/** Storage name of the choice, the one thing that is kept whatever was chosen. */
export const CONSENT_KEY = "consent";

/** Privacy signals of the browser. */
export interface Signals {
  gpc: boolean;
  dnt: boolean;
}

export interface StoredChoice {
  snapshot: Snapshot;
  /** The visitor chose while Global Privacy Control was on, so the choice is later and more explicit than the signal. */
  despite_gpc: boolean;
  /** The visitor id for which the collector has not confirmed this choice yet. */
  unsent?: string;
}

export interface ConsentState extends Choice {
  /** False while only a region's default, or nothing yet, holds. */
  decided: boolean;
  captured_at?: string;
}

/**
 * What holds now, or null while that is open (events wait). `config` is undefined until it arrived, null when it never will.
 * Do Not Track is applied as the site configured it, whatever was chosen; with an unreachable config it means no marketing.
 */
export function effective(
  choice: StoredChoice | null,
  config: TrackingConfig | null | undefined,
  signals: Signals,
  since: string,
): Snapshot | null {
  if (signals.dnt && config === undefined) return null;
  const base = choice ? choice.snapshot : regionDefault(config, since);
  if (!base) return null;
  const dnt = signals.dnt ? (config?.sdk?.respect_dnt ?? "no_marketing") : "off";
  const overruled = signals.gpc && !choice?.despite_gpc;
  return {
    ...base,
    analytics: base.analytics && dnt !== "no_tracking",
    marketing: base.marketing && dnt === "off" && !overruled,
  };
}

function regionDefault(config: TrackingConfig | null | undefined, since: string): Snapshot | null {
  const consent = config?.consent;
  const region = consent?.regions?.[consent.region ?? ""] ?? consent?.regions?.[consent.default_region ?? ""];
  if (!region || region.model === "opt_in") return null;
  const { analytics, marketing, data_processing = false } = region;
  return { analytics, marketing, data_processing, captured_at: since };
}

export class Consent {
  /** Undefined until tracking-config arrived, null when it could not be had. */
  config: TrackingConfig | null | undefined;
  choice = read<StoredChoice>(CONSENT_KEY);
  readonly #since = new Date().toISOString();
  readonly #listeners = new Set<(state: ConsentState) => void>();

  constructor() {
    addEventListener("storage", () => this.#reload());
    addEventListener("pageshow", () => this.#reload());
  }

  /** What holds now, or null while that is open. */
  now(): Snapshot | null {
    return effective(this.choice, this.config, signals(), this.#since);
  }

  /** Whether every one of the purposes is granted; stating none counts as marketing. */
  grants(purposes: Purpose[]): boolean {
    const now = this.now();
    return !!now && (purposes.length ? purposes : (["marketing"] as const)).every((purpose) => now[purpose]);
  }

  state(): ConsentState {
    return { analytics: false, marketing: false, data_processing: false, ...this.now(), decided: !!this.choice };
  }

  /**
   * Applies the visitor's choice, then stores it: once other tabs hear of it, the ids they share must be there. The visitor id
   * is remembered until the collector confirmed the choice.
   */
  decide(choice: Choice, visitor: () => string): void {
    const { analytics, marketing, data_processing, copy_hash } = choice;
    const snapshot = {
      analytics: !!analytics,
      marketing: !!marketing,
      data_processing: !!data_processing,
      captured_at: new Date().toISOString(),
      copy_hash,
    };
    this.choice = { snapshot, despite_gpc: signals().gpc };
    this.changed();
    this.choice.unsent = visitor();
    write(CONSENT_KEY, this.choice);
  }

  /** Another tab may have decided, also while this page lay in the back/forward cache. */
  #reload(): void {
    const stored = read<StoredChoice>(CONSENT_KEY);
    if (stored?.snapshot.captured_at === this.choice?.snapshot.captured_at) return;
    this.choice = stored;
    this.changed();
  }

  /** The collector has this choice (a later one stays unsent). */
  confirmed(choice: StoredChoice): void {
    if (this.choice !== choice) return;
    delete choice.unsent;
    write(CONSENT_KEY, choice);
  }

  on(listener: (state: ConsentState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every listener; one that throws does not keep the others from hearing it. */
  changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener(this.state());
      } catch (error) {
        console.error("[adrail]", error);
      }
    }
  }
}

function signals(): Signals {
  const browser = navigator as Navigator & { globalPrivacyControl?: boolean; doNotTrack?: string | null };
  return { gpc: browser.globalPrivacyControl === true, dnt: browser.doNotTrack === "1" };
}
