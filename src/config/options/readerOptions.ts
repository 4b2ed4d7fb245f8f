/** @file How files of an entry of `datasets` are read: pandas' names for CSV, datasets' for JSON and text. */
import { atLeast, bool, either, int, type Kind, listOf, nullable, oneOf, string } from "../kinds.ts";
import { same, type Table } from "../option.ts";

/** One character, as a text: YAML reads a bare 1 as a number. */
const character: Kind<string> = {
  ...string,
  expected: "one character of ASCII",
  read: (value) => (typeof value === "string" && /^[\0-\x7f]$/.test(value) ? value : undefined),
};
const texts = nullable(listOf(string));
const optional = <T>(kind: Kind<T>, help: string) => same(nullable(kind), null, help, { literal: true });

/** Null: not set. */
export const READER_OPTIONS = {
  sep: optional(character, "CSV: separator of the fields; unset: a comma, or a tab in .tsv files."),
  delimiter: optional(character, "CSV: another name of sep."),
  header: same(
    nullable(either(int, oneOf("infer"))),
    "infer",
    "CSV: line with the names of the columns, from 0; null: none.",
  ),
  names: same(texts, null, "CSV: names of the columns.", { literal: true }),
  column_names: same(texts, null, "CSV: another name of names.", { literal: true }),
  usecols: same(nullable(listOf(either(int, string))), null, "CSV: columns to keep, by name or number.", {
    literal: true,
  }),
  skiprows: optional(atLeast(0, int), "CSV: lines to skip at the beginning."),
  nrows: optional(atLeast(0, int), "CSV: most rows to read of a file."),
  quotechar: optional(character, "CSV: quote around texts."),
  quoting: optional(int, "CSV: 3 reads quotes as they are."),
  doublequote: optional(bool, "CSV: two quotes within quotes are one."),
  escapechar: optional(character, "CSV: takes the meaning from the next character."),
  comment: optional(character, "CSV: begins a comment."),
  skipinitialspace: optional(bool, "CSV: skip blanks after separators."),
  skip_blank_lines: optional(bool, "CSV: skip blank lines."),
  na_values: same(texts, null, "CSV: further texts that are read as null.", { literal: true }),
  keep_default_na: optional(bool, "CSV: read NA, NaN, null and the like as null."),
  na_filter: optional(bool, "CSV: read some texts as null at all."),
  true_values: same(texts, null, "CSV: further texts that are read as true.", { literal: true }),
  false_values: same(texts, null, "CSV: further texts that are read as false.", { literal: true }),
  decimal: optional(character, "CSV: decimal point."),
  thousands: optional(character, "CSV: separator of thousands."),
  field: optional(string, "JSON: field of one object that holds the rows."),
  sample_by: optional(oneOf("line", "paragraph", "document"), "Text: rows are lines, paragraphs or whole files."),
  keep_linebreaks: optional(bool, "Text: keep the line end of each line."),
  encoding: optional(oneOf("utf-8", "utf8", "UTF-8", "UTF8", "utf_8"), "Encoding of the files; UTF-8 only."),
} satisfies Table;
