/** Builds dist/ and fails when a part outgrows its budget. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const core = 6 * 1024;
const lazy = 5 * 1024;
/** Everything since the autumn of 2021; older browsers fail to parse the script, which leaves their page as it is. */
const browsers = ["chrome94", "edge94", "firefox93", "safari15"];
/** The lazy part comes first: the core names it with its hash. */
const parts = [
  { entry: "pixels/index.ts", file: "pixels.js", format: "iife", budget: lazy },
  { entry: "iife.ts", file: "adrail.js", format: "iife", budget: core },
  { entry: "esm.ts", file: "adrail.esm.js", format: "esm", budget: core },
];
const define = {};

rmSync(`${root}dist`, { recursive: true, force: true });
for (const { entry, file, format } of parts) {
  await build({
    entryPoints: [`${root}src/${entry}`],
    outfile: `${root}dist/${file}`,
    format,
    bundle: true,
    minify: true,
    sourcemap: "external",
    sourcesContent: false,
    target: browsers,
    define,
    legalComments: "none",
  });
  const hash = createHash("sha256")
    .update(readFileSync(`${root}dist/${file}`))
    .digest("hex");
  if (file === "pixels.js") define.PIXELS_FILE = JSON.stringify(`${file}?v=${hash.slice(0, 12)}`);
}
execFileSync("npx", ["tsc", "-p", "tsconfig.types.json"], { cwd: root, stdio: "inherit" });

let over = false;
for (const { file, budget } of parts) {
  const size = gzipSync(readFileSync(`${root}dist/${file}`), { level: 9 }).length;
  over ||= size > budget;
  console.log(`${file.padEnd(14)} ${size} of ${budget} bytes gzip${size > budget ? "  OVER BUDGET" : ""}`);
}
if (over) process.exit(1);
