/** @file The tests of `npm run check`: those that need only the sources and take seconds. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/architecture.test.ts", "test/packages.test.ts", "test/words.test.ts"] },
});
