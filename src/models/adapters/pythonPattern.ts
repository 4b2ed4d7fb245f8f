/** @file Regular expressions in PEFT's configs: Python's `re`, with a limit of steps. */
import { readRegex } from "../../patterns/regex.ts";

/**
 * Matches whole names, as `re.fullmatch(before + pattern + after, name)`.
 * @param where the option, for messages.
 * @throws PrefineError("config") for a pattern that is invalid or not supported, or when a name takes too many steps.
 */
export function fullMatch(
  pattern: string,
  where: string,
  { before = "", after = "" }: { before?: string; after?: string } = {},
): (name: string) => boolean {
  const origin = { where, flavor: "python", code: "config", shown: pattern } as const;
  readRegex(pattern, origin); // complete by itself
  const [flags] = /^(?:\(\?[a-z]+\))?/.exec(pattern) ?? [""];
  const end = flags.includes("x") ? "\n" : ""; // ends a comment
  const whole = `${flags}${before}(?:${pattern.slice(flags.length)}${end})${after}\\Z`;
  const regex = readRegex(whole, origin);
  return (name) => regex.matchesStart(name);
}
