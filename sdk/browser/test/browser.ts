/** The few browser objects that the modules under test touch and node lacks; importing this installs them. */

/** localStorage as browsers have it: entries are the object's own keys. */
class MemoryStorage {
  getItem(key: string): string | null {
    return (this as Record<string, unknown>)[key] === undefined ? null : String((this as Record<string, unknown>)[key]);
  }

  setItem(key: string, value: string): void {
    Object.defineProperty(this, key, { value, enumerable: true, configurable: true, writable: true });
  }

  removeItem(key: string): void {
    delete (this as Record<string, unknown>)[key];
  }

  clear(): void {
    for (const key of Object.keys(this)) this.removeItem(key);
  }
}

const globals = {
  window: globalThis,
  localStorage: new MemoryStorage(),
  navigator: { onLine: true },
  location: { protocol: "http:", hostname: "tickets.example", href: "http://tickets.example/" },
  document: { cookie: "" },
};

for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** Waits until the condition holds; fails after `limit` milliseconds. */
export async function until(condition: () => boolean, limit = 30_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still not so after ${limit} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
