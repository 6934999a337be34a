/** Builds `static/vendor/`: the parts of Tabler and ECharts we use, htmx, and one sprite of the icons that pages name. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import * as sass from "sass";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
const OUT = join(ROOT, "static", "vendor");

const ICON = /(?:icon(?:\(|=|:\s*)|empty\()["']([a-z0-9-]+)["']/g;

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "static", "scripts"].includes(entry.name) ? [] : sources(path);
    return /\.(html|py)$/.test(entry.name) ? [path] : [];
  });
}

function usedIcons() {
  const names = new Set();
  for (const path of sources(ROOT)) {
    for (const [, name] of readFileSync(path, "utf8").matchAll(ICON)) names.add(name);
  }
  return [...names].sort();
}

function symbol(name) {
  const file = join(MODULES, "@tabler", "icons", "icons", "outline", `${name}.svg`);
  const shapes = readFileSync(file, "utf8").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
  const drawn = shapes.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s*\n\s*/g, "");
  return (
    `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
    `stroke-linecap="round" stroke-linejoin="round">${drawn}</symbol>`
  );
}

function licences() {
  return ["@tabler/core", "@tabler/icons", "echarts", "htmx.org"]
    .map((name) => {
      const about = JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
      return `${name} ${about.version}: ${about.license}, ${about.homepage ?? about.repository?.url}`;
    })
    .join("\n");
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const compiled = sass.compile(join(ROOT, "assets", "tabler.scss"), { style: "compressed", loadPaths: [MODULES] });
writeFileSync(join(OUT, "tabler.css"), compiled.css.replace(/^\uFEFF/, ""));
cpSync(join(MODULES, "htmx.org", "dist", "htmx.min.js"), join(OUT, "htmx.js"));
await build({
  entryPoints: [join(ROOT, "assets", "charts.js")],
  outfile: join(OUT, "charts.js"),
  format: "esm",
  bundle: true,
  minify: true,
  target: "es2022",
  legalComments: "none",
});
const icons = usedIcons();
writeFileSync(
  join(OUT, "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">${icons.map(symbol).join("")}</svg>\n`,
);
writeFileSync(join(OUT, "LICENSES.txt"), `${licences()}\n`);
console.log(`static/vendor: tabler.css, htmx.js, charts.js, ${icons.length} icons`);
