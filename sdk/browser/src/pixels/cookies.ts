/** Owns the cookie helpers that adapters get: first-party cookies on the widest domain the browser accepts. */
import type { PixelCookies } from "../pixel-adapter";
import { readCookie, writeCookie } from "../storage";

const PROBE = "_adrail_probe";

export const cookies: PixelCookies = {
  get: readCookie,
  set: (name, value, maxAgeSeconds) => writeCookie(name, value, maxAgeSeconds, widestDomain()),
  remove: (name) => {
    writeCookie(name, "", 0);
    writeCookie(name, "", 0, widestDomain());
  },
};

/** Browsers refuse cookies on public suffixes, so the first of `com`, `example.com`, `www.example.com` that sticks is ours. */
function widestDomain(): string | undefined {
  const labels = location.hostname.split(".");
  if (labels.length < 2 || /^[\d.]+$|:/.test(location.hostname)) return undefined;
  for (let count = 1; count <= labels.length; count++) {
    const domain = labels.slice(-count).join(".");
    writeCookie(PROBE, "1", 5, domain);
    const sticks = readCookie(PROBE) === "1";
    writeCookie(PROBE, "", 0, domain);
    if (sticks) return domain;
  }
  return undefined;
}
