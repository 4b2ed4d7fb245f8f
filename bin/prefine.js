#!/usr/bin/env node
/** @file The `prefine` command: the built command line, or how to build it. */
import { existsSync } from "node:fs";

const built = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(built)) {
  const { main } = await import(built.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write("error: this checkout of prefine is not built yet\nRun `npm run build` in it first.\n");
  process.exitCode = 1;
}
