/** Owns what is read off the page: where the visitor is, how they came, and the ad click ids they carry. */
import { cookieNames, readCookie } from "./storage";
import type { Context, Snapshot } from "./types";

const CLICK_PARAMETERS = ["gclid", "gbraid", "wbraid", "fbclid", "ttclid", "li_fat_id"];
/** First-party cookies whose name, without the underscore, is that of the click id they carry: for marketing only, … */
const MARKETING_COOKIE = /^(_fb[cp]|_ttp|ttclid|li_fat_id)$/;
/** … and for whoever grants analytics or marketing. */
const MEASURING_COOKIE = /^_ga(_|$)/;
const URL_LENGTH = 2048;

type Values = Record<string, string>;

/** Where a visit came from. */
export interface Touch {
  utm: Values;
  click_ids: Values;
  referrer: string;
  landing_page: string;
  at: string;
}

export function pageContext(referrer: string, pageType: string | undefined): Context {
  return {
    page: {
      url: location.href.slice(0, URL_LENGTH),
      path: location.pathname.slice(0, URL_LENGTH),
      title: document.title.slice(0, 512),
      ...(pageType && { page_type: pageType }),
    },
    referrer: referrer.slice(0, URL_LENGTH),
    device: { screen: `${screen.width}x${screen.height}`, viewport: `${innerWidth}x${innerHeight}` },
  };
}

/** The touch this page began with, or null when the visitor merely moved within the site. */
export function readTouch(page: Location, referrer: string): Touch | null {
  const utm: Values = {};
  const clicks: Values = {};
  for (const [name, value] of new URLSearchParams(page.search)) {
    if (/^utm_\w/.test(name)) utm[name.slice(4)] = value.slice(0, 255);
    if (CLICK_PARAMETERS.includes(name)) clicks[name] = value.slice(0, 500);
  }
  const touch = {
    utm,
    click_ids: clicks,
    referrer: referrer.startsWith(`${page.origin}/`) ? "" : referrer,
    landing_page: withoutClickIds(page.href),
    at: new Date().toISOString(),
  };
  return referrer && !speaks(touch) ? null : touch;
}

/** Whether the touch tells anything about where the visitor came from. */
export function speaks(touch: Touch): boolean {
  return !!(touch.referrer || Object.keys({ ...touch.utm, ...touch.click_ids }).length);
}

/** Click ids in cookies, as far as consent lets them be read. */
export function clickCookies({ analytics, marketing }: Pick<Snapshot, "analytics" | "marketing">): Values {
  const found: Values = {};
  for (const name of cookieNames()) {
    if ((marketing && MARKETING_COOKIE.test(name)) || ((analytics || marketing) && MEASURING_COOKIE.test(name))) {
      const value = readCookie(name);
      if (value) found[name.replace(/^_/, "")] = value.slice(0, 500);
    }
  }
  return found;
}

/** The address without ad click ids, for visitors who did not grant marketing. */
export function withoutClickIds(address: string): string {
  return address.replace(new RegExp(`([?&])((${CLICK_PARAMETERS.join("|")})=[^&#]*&?)+`, "g"), "$1");
}
