/** @file How console.log shows a config: the options that differ from their defaults. */

import { inspected } from "../arguments.ts";
import { show } from "../errors.ts";
import { printable } from "../phrases.ts";
import { isDefault, type Table } from "./option.ts";

/**
 * Freezes a config that console.log shows in a few lines. The method is no part of it: neither `{ ...config }` nor JSON
 * has it.
 */
export function shownBriefly<T extends object>(name: string, table: Table, config: T): T {
  Object.defineProperty(config, inspected, { value: () => describeConfig(name, table, config) });
  return Object.freeze(config);
}

function describeConfig(name: string, table: Table, config: object): string {
  const lines = Object.entries(config)
    .filter(([key, value]) => Object.hasOwn(table, key) && !table[key].secret && !isDefault(table[key], value))
    .map(([key, value]) => `  ${key}: ${show(value)},`);
  const others = Object.keys(table).length - lines.length;
  return printable([`${name}({`, ...lines, `  ... ${others} more with their defaults`, "})"].join("\n"));
}
