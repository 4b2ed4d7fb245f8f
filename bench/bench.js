/** @file `npm run bench`: compiles the benchmark with the sources as they are, then runs it. Timings of transpiled-on-the-fly code would count the transpiler. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const project = fileURLToPath(new URL("tsconfig.json", import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, "-p", project], { stdio: ["ignore", "inherit", "inherit"] });
if (status !== 0) process.exit(status ?? 1);
await import("./dist/bench/main.js");
