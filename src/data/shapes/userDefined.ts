/**
 * @file Axolotl's `user_defined.default`: columns and formats of one's own in `data_format_options` (field_prompt,
 * field_system, field_chosen, field_rejected, prompt_format, chosen_format, rejected_format), as Python's str.format.
 */
import { PrefineError } from "../../errors.ts";
import type { Row } from "../datasets/features.ts";
import { wrongSetting } from "./llamaFactoryColumns.ts";
import { readFormatted, readOptionalFormatted } from "./messages.ts";
import { cannotHold, isText, type ReadPair, type Shape, without } from "./shape.ts";

type Settings = Readonly<Record<string, unknown>>;
/** A text, or the name of a field. */
type Piece = { text: string } | { field: string };

function setting(settings: Settings, name: string, standard: string): string {
  const value = settings[name];
  if (value === undefined || value === null || value === "") return standard; // as in Axolotl: empty is unset
  if (isText(value)) return value;
  throw wrongSetting(`data_format_options.${name}`, "a text", value);
}

/** The pieces of a format. @throws PrefineError("config") for fields that there are none of, and for format specs. */
function piecesOf(name: string, format: string, fields: readonly string[]): Piece[] {
  return [...format.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]/g)].map(([whole, field]): Piece => {
    if (whole === "{{" || whole === "}}") return { text: whole[0] };
    if (field === undefined && !/[{}]/.test(whole)) return { text: whole };
    if (field !== undefined && fields.includes(field)) return { field };
    const expected = fields.map((one) => `{${one}}`).join(" and ");
    const message = `data_format_options.${name}: expected the fields ${expected}, found ${JSON.stringify(whole)}`;
    throw new PrefineError("config", message, "Write {{ and }} for braces.");
  });
}

interface Formats {
  prompt: Piece[];
  chosen: Piece[];
  rejected: Piece[];
  columns: Readonly<Record<string, string>>;
  hasSystem: boolean;
}

function formatsOf(settings: Settings): Formats {
  const format = (name: string) => setting(settings, `${name}_format`, `{${name}}`);
  const hasSystem = format("prompt").includes("{system}");
  const fields = ["prompt", "system", "chosen", "rejected"];
  return {
    prompt: piecesOf("prompt_format", format("prompt"), hasSystem ? ["prompt", "system"] : ["prompt"]),
    chosen: piecesOf("chosen_format", format("chosen"), ["chosen"]),
    rejected: piecesOf("rejected_format", format("rejected"), ["rejected"]),
    columns: Object.fromEntries(fields.map((name) => [name, setting(settings, `field_${name}`, name)])),
    hasSystem,
  };
}

const fill = (pieces: readonly Piece[], values: Readonly<Record<string, string>>) =>
  pieces.map((piece) => ("text" in piece ? piece.text : values[piece.field])).join("");

function reads(row: Row, settings: Settings): ReadPair[] {
  const { prompt, chosen, rejected, columns, hasSystem } = formatsOf(settings);
  const system = hasSystem ? readOptionalFormatted(row, columns.system) : "";
  const texts = {
    system,
    ...Object.fromEntries(["prompt", "chosen", "rejected"].map((name) => [name, readFormatted(row, columns[name])])),
  };
  const pair = { prompt: fill(prompt, texts), chosen: fill(chosen, texts), rejected: fill(rejected, texts) };
  const used = ["prompt", "chosen", "rejected", ...(system ? ["system"] : [])];
  return [
    {
      pair,
      rest: without(
        row,
        used.map((name) => columns[name]),
      ),
    },
  ];
}

/** The fields of a text by its format: the shortest that fit. */
function parse(name: string, pieces: readonly Piece[], text: unknown): Record<string, string> {
  const literal = (one: string) => one.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const seen = new Set<string>();
  const pattern = pieces.map((piece) => {
    if ("text" in piece) return literal(piece.text);
    if (seen.has(piece.field)) return `\\k<${piece.field}>`;
    seen.add(piece.field);
    return `(?<${piece.field}>[^]*?)`;
  });
  const match = isText(text) ? new RegExp(`^${pattern.join("")}$`).exec(text) : null;
  if (match) return { ...match.groups };
  throw cannotHold("user_defined.default", name, `anything but a text in the format of ${name}_format`);
}

export const userDefined: Shape = {
  name: "user_defined.default",
  reads: (row, { settings }) => reads(row, settings),
  writes({ pair }, settings) {
    const { columns, ...formats } = formatsOf(settings);
    const parts = (["prompt", "chosen", "rejected"] as const).map((name) => parse(name, formats[name], pair[name]));
    const fields = Object.entries(Object.assign({}, ...parts) as Record<string, string>);
    return Object.fromEntries(
      fields.filter(([name, text]) => name !== "system" || text !== "").map(([name, text]) => [columns[name], text]),
    );
  },
  restates: ["system"],
};
