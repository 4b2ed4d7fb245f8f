/** @file The `prefine` command from the sources, as bin/prefine.js runs the build. */
import { main } from "../../src/cli/main.ts";

process.exitCode = await main(process.argv.slice(2));
