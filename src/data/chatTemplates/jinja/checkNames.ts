/** @file Finds filters and tests that do not exist, before a template runs: Jinja refuses them when it compiles. */

import { pushAll } from "../../../lists.ts";
import { noSuch } from "./environment.ts";
import { FILTERS } from "./filters.ts";
import type { Statement } from "./nodes.ts";
import { TESTS } from "./tests.ts";

/**
 * Within `if` they may be missing, as long as none is reached.
 * @throws TemplateFault("TemplateSyntaxError") with its line
 */
export function checkNames(body: readonly Statement[]): void {
  const pending: unknown[] = [body];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) pushAll(pending, value);
    else if (typeof value === "object" && value !== null && !(value instanceof Set)) {
      const { type, name, line } = value as { type?: string; name?: string; line?: number };
      if (type === "If" || type === "Choice") continue;
      if (type === "Filter" && !Object.hasOwn(FILTERS, name ?? "")) throw noSuch("filter", String(name), line);
      if (type === "Test" && !Object.hasOwn(TESTS, name ?? "")) throw noSuch("test", String(name), line);
      pushAll(pending, Object.values(value));
    }
  }
}
