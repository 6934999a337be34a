/** Bundles test/*.test.ts and runs them in node's own runner; arguments are passed on to it. */
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const tests = readdirSync(`${root}test`).filter((name) => name.endsWith(".test.ts"));

rmSync(`${root}build`, { recursive: true, force: true });
await build({
  entryPoints: tests.map((name) => `${root}test/${name}`),
  outdir: `${root}build`,
  outExtension: { ".js": ".mjs" },
  format: "esm",
  platform: "node",
  bundle: true,
  sourcemap: "inline",
  target: "node20",
});
const files = tests.map((name) => `${root}build/${name.replace(/\.ts$/, ".mjs")}`);
const { status } = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--test", "--test-force-exit", ...process.argv.slice(2), ...files],
  {
    stdio: "inherit",
  },
);
process.exit(status ?? 1);
