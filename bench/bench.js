/**
 * @file `npm run bench`, `bench:smollm2` and `bench:data`: compile the benchmarks with the current sources, then run
 * one (`node bench/bench.js NAME`; default: main; with --ranks, --family or --generation: one of those). Transpiling
 * in the measuring processes would distort the times.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", here("tsconfig.json")], { stdio: ["ignore", 2, 2] });
if (status !== 0) process.exit(status ?? 1);
copyFileSync(here("../package.json"), here("dist/package.json")); // the sources read their version two folders up
const named = ["smollm2", "data"].includes(process.argv[2]) ? process.argv.splice(2, 1)[0] : "main";
const has = (option) => process.argv.some((word) => word.startsWith(option));
const chosen = [
  ["--ranks", "ranks"],
  ["--family", "families"],
  ["--generation", "generation"],
].find(([option]) => has(option));
if (chosen?.[1] === "generation") process.argv = process.argv.filter((word) => word !== "--generation");
const name = chosen?.[1] ?? named;
await import(`./dist/bench/${name}.js`);
