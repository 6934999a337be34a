/** Owns localStorage and cookie access; a browser that refuses either is never an error for the page. */

const PREFIX = "_adrail_";

export function read<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) as string) as T | null;
  } catch {
    return null;
  }
}

/** False when the browser has no room or no storage. */
export function write(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function remove(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Nothing was stored then.
  }
}

/** Our own keys that begin with `start`, without the common prefix. */
export function keys(start: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + start))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

export function cookieNames(): string[] {
  try {
    return document.cookie.split("; ").map((pair) => pair.split("=")[0]!);
  } catch {
    return [];
  }
}

export function readCookie(name: string): string | null {
  try {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : null;
  } catch {
    return null;
  }
}

/** `seconds` 0 removes the cookie; without `domain` it belongs to this host only. */
export function writeCookie(name: string, value: string, seconds: number, domain?: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const scope = domain ? `; Domain=${domain}` : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in Safari and on plain http
  document.cookie = `${name}=${encodeURIComponent(value)}; Max-Age=${seconds}; Path=/; SameSite=Lax${scope}${secure}`;
}
