import assert from "node:assert/strict";
import test from "node:test";
import { total } from "../src/money";

const cases: [lines: { price?: string; quantity: number }[], expected: string | undefined][] = [
  [[{ price: "100.00", quantity: 2 }], "200.00"],
  [Array.from({ length: 3 }, () => ({ price: "0.10", quantity: 1 })), "0.30"],
  [
    [
      { price: "1", quantity: 1 },
      { price: "0.125", quantity: 2 },
    ],
    "1.250",
  ],
  [[{ price: "1200", quantity: 3 }], "3600"],
  [[{ price: "0.05", quantity: 1 }], "0.05"],
  [
    [
      { price: "-1.50", quantity: 1 },
      { price: "1.25", quantity: 1 },
    ],
    "-0.25",
  ],
  [[{ price: "9007199254740993.01", quantity: 2 }], "18014398509481986.02"],
  [[{ price: "10.00", quantity: 0 }], "0.00"],
  [[], undefined],
  [[{ quantity: 1 }], undefined],
  [[{ price: "1,50", quantity: 1 }], undefined],
  [[{ price: "1e3", quantity: 1 }], undefined],
  [[{ price: "1.00", quantity: 1.5 }], undefined],
];

for (const [lines, expected] of cases) {
  test(`total of ${JSON.stringify(lines).slice(0, 70)} is ${expected}`, () => assert.equal(total(lines), expected));
}
