/** @file Formats the table of options as help: in groups, wrapped to the terminal's width. */
import type { Option, Table } from "../config/option.ts";
import { padText, wrapText } from "../terminal/text.ts";

const FLAG_COLUMN = 32; // cells; longer flags push their help onto the next line
const MAX_COLUMNS = 100; // wider help is harder to read

export interface OptionHelpOptions {
  /** Includes rarely used options, and those that are not built or have no effect. */
  all?: boolean;
  /** Width of the terminal, characters. */
  columns: number;
}

/** Help for the flags of a table, with a heading per group. */
export function optionHelp(table: Table, { all = false, columns }: OptionHelpOptions): string {
  const groups = new Map<string, string[]>();
  for (const [name, option] of Object.entries(table)) {
    if (!all && !option.common) continue;
    const lines = groups.get(option.group) ?? [];
    groups.set(option.group, [...lines, ...flagLines(name, option, Math.min(columns, MAX_COLUMNS))]);
  }
  return [...groups].map(([heading, lines]) => [`${heading}:`, ...lines].join("\n")).join("\n\n");
}

function flagLines(name: string, option: Option<unknown, unknown>, columns: number): string[] {
  const dotted = option.dotted ? ".SPLIT" : "";
  const value = option.kind.words === "optional" ? `[${option.kind.placeholder}]` : option.kind.placeholder;
  const isBool = option.kind.placeholder === "true|false";
  const flag = `  --${name}${dotted}${isBool ? "" : ` ${value}`}`;
  const help = wrapText(`${option.help}${ending(option)}`, columns - FLAG_COLUMN);
  const indent = " ".repeat(FLAG_COLUMN);
  const isShort = flag.length < FLAG_COLUMN - 1;
  const first = isShort ? [padText(flag, FLAG_COLUMN) + help[0]] : [flag, indent + help[0]];
  return [...first, ...help.slice(1).map((line) => indent + line)];
}

/** The choices, the default, and the level of support. */
function ending(option: Option<unknown, unknown>): string {
  const choices = option.ready && option.kind.choices ? option.ready.map(String) : option.kind.choices;
  const names =
    choices && option.support === "same" && option.kind.placeholder.startsWith("NAME") ? ` ${choices.join(", ")}.` : "";
  const defaultText = showDefault(option.default);
  const support = { same: "", differs: "", "no-effect": " (no effect)", "not-yet": " (not yet)" }[option.support];
  return `${names}${defaultText && ` [${defaultText}]`}${support}`;
}

/** A default as a user would write it; empty if it is off or unset. */
function showDefault(value: unknown): string {
  if (value === null || value === false) return "";
  if (Array.isArray(value)) return value.join(" ");
  if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4) return value.toExponential();
  return typeof value === "object" ? "" : String(value);
}
