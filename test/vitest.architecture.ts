/** @file The tests of `npm run check`: what can be told from the sources alone, in seconds. */
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/architecture.test.ts", "test/packages.test.ts"] } });
