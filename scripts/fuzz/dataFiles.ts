/** @file Seed files of the fuzzer: rows as compressed files, as CSV, as TSV and as text. */
import { readFileSync, writeFileSync } from "node:fs";
import { PAIRS } from "../../test/support/furnish.ts";

/** Files of rows, by the name of their target. */
export const DATA_FILES: readonly (readonly [name: string, file: string])[] = [
  ["bz2", "rows.jsonl.bz2"],
  ["xz", "rows.jsonl.xz"],
  ["zst", "rows.jsonl.zst"],
  ["csv", "rows.csv"],
  ["tsv", "rows.tsv"],
  ["text", "rows.txt"],
];

/** What Python's bz2, lzma and zstandard wrote, each in two parts. */
const compressed = new URL("../../test/fixtures/compressed-files.json", import.meta.url);

export function furnishDataFiles(): void {
  const files = JSON.parse(readFileSync(compressed, "utf8")) as Record<string, string>;
  writeFileSync("rows.jsonl.bz2", Buffer.from(files["bz2 of two streams"], "base64"));
  writeFileSync("rows.jsonl.xz", Buffer.from(files["xz of two streams"], "base64"));
  writeFileSync("rows.jsonl.zst", Buffer.from(files["zst of two frames"], "base64"));
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const table = (separator: string) => {
    const rows = PAIRS.map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected].map(cell).join(separator));
    return `${["prompt", "chosen", "rejected"].join(separator)}\r\n${rows.join("\n")}\n`;
  };
  writeFileSync("rows.csv", `${table(",")}1,-0.5,"a\nb"\n`);
  writeFileSync("rows.tsv", table("\t"));
  writeFileSync("rows.txt", `a\r\nb\r\r\n\u65e5\u672c\n\n${"x".repeat(99)}`);
}
