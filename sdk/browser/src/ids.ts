/** Owns random identifiers; everything comes from the browser's cryptographic generator. */

/** A version 4 UUID. `crypto.randomUUID` exists in secure contexts only, so plain http pages take the second way. */
export function uuid4(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Every 0, 1 and 8 becomes random; of the 8, RFC 9562 fixes the upper two bits.
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ ((random() * 16) >> (+digit / 4))).toString(16),
  );
}

/** Uniform in [0, 1). */
export function random(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}
