/** Owns arithmetic on decimal money strings; integers only, so no cent is ever lost to floating point. */

interface Line {
  price?: string;
  quantity: number;
}

/** Sum of price × quantity with as many decimals as the finest price; undefined when a price is missing or malformed. */
export function total(lines: Line[]): string | undefined {
  const prices = lines.map((line) => /^(-?\d+)(?:\.(\d+))?$/.exec(line.price ?? ""));
  if (!lines.length || prices.includes(null) || lines.some((line) => !Number.isInteger(line.quantity)))
    return undefined;
  const decimals = Math.max(...prices.map((price) => price![2]?.length ?? 0));
  const sum = prices.reduce(
    (sum, price, index) =>
      sum + BigInt(price![1]! + (price![2] ?? "").padEnd(decimals, "0")) * BigInt(lines[index]!.quantity),
    0n,
  );
  return place(sum, decimals);
}

function place(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = `${units}`.replace("-", "").padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  return sign + digits.slice(0, cut) + (decimals ? `.${digits.slice(cut)}` : "");
}
