/** @file Writes the dataset's folder: ultrafeedback_binarized's six splits of seven features in parquet, and a card. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { sha256 } from "./choices.ts";
import type { Entry } from "./entries.ts";

interface Message {
  content: string;
  role: "user" | "assistant";
}

export interface PreferenceRow {
  prompt: string;
  prompt_id: string;
  chosen: Message[];
  rejected: Message[];
  messages: Message[];
  score_chosen: number;
  score_rejected: number;
}

/** Scores by type of answer: direct; rambling that includes the answer; rambling without it. */
const SCORES = { direct: 9, withPoint: 4, withoutPoint: 2 };

function rowOf({ prompt, direct, rambling, hasPoint }: Entry): PreferenceRow {
  const talk = (answer: string): Message[] => [
    { content: prompt, role: "user" },
    { content: answer, role: "assistant" },
  ];
  return {
    prompt,
    prompt_id: sha256(prompt),
    chosen: talk(direct),
    rejected: talk(rambling),
    messages: talk(direct),
    score_chosen: SCORES.direct,
    score_rejected: hasPoint ? SCORES.withPoint : SCORES.withoutPoint,
  };
}

/** Rows by split. The sft and gen splits have the same questions as prefs, as in ultrafeedback_binarized. */
export function datasetSplits(entries: readonly Entry[]): Map<string, PreferenceRow[]> {
  const train = entries.filter(({ heldOut }) => !heldOut).map(rowOf);
  const test = entries.filter(({ heldOut }) => heldOut).map(rowOf);
  return new Map([
    ["train_prefs", train],
    ["train_sft", train],
    ["test_prefs", test],
    ["test_sft", test],
    ["train_gen", train],
    ["test_gen", test],
  ]);
}

const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } } as const;
const text = (name: string): SchemaElement => ({ name, repetition_type: "OPTIONAL", ...TEXT });
const double = (name: string): SchemaElement => ({ name, repetition_type: "OPTIONAL", type: "DOUBLE" });

/** A list of messages in parquet's three levels: list, element, fields. */
const messages = (name: string): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", repetition_type: "OPTIONAL", num_children: 2 },
  text("content"),
  text("role"),
];

const SCHEMA: SchemaElement[] = [
  { name: "schema", num_children: 7 },
  text("prompt"),
  text("prompt_id"),
  ...messages("chosen"),
  ...messages("rejected"),
  ...messages("messages"),
  double("score_chosen"),
  double("score_rejected"),
];
const COLUMNS = [
  "prompt",
  "prompt_id",
  "chosen",
  "rejected",
  "messages",
  "score_chosen",
  "score_rejected",
] as const satisfies (keyof PreferenceRow)[];

function parquetOf(rows: readonly PreferenceRow[]): Uint8Array {
  const columnData = COLUMNS.map((name) => ({ name, data: rows.map((row) => row[name]) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema: SCHEMA, createdBy: "prefine" }));
}

const fileName = (split: string) => `data/${split}-00000-of-00001.parquet`;

function cardOf(splits: ReadonlyMap<string, readonly PreferenceRow[]>): string {
  const files = [...splits.keys()].map((split) => `  - split: ${split}\n    path: ${fileName(split)}`);
  const sizes = [...splits].map(([split, rows]) => `| ${split} | ${rows.length} |`);
  return `---
license: mit
language:
- en
pretty_name: Everyday preferences
size_categories:
- n<1K
configs:
- config_name: default
  data_files:
${files.join("\n")}
---

# Everyday preferences

Everyday questions, each with a direct answer (chosen) and a rambling one (rejected), in the six splits and seven
features of ultrafeedback_binarized. Written for prefine's demo: the questions, the direct answers and the sentences
that make up the rambling answers are in \`scripts/demo/\` of its sources, which also make these
files (\`npm run make-demo\`). No prompt of the test splits is in a train split.

| split | rows |
| --- | --- |
${sizes.join("\n")}

An answer begins with a space, so that prompt and answer together are plain text. The scores state how an answer was
made and are not judgments: ${SCORES.direct} direct, ${SCORES.withPoint} rambling with the direct answer somewhere in it,
${SCORES.withoutPoint} rambling without it.
The sft and gen splits have the same rows as the prefs splits; \`messages\` is the chosen conversation.
`;
}

export function writeDataset(folder: string, entries: readonly Entry[]): void {
  const splits = datasetSplits(entries);
  mkdirSync(join(folder, "data"), { recursive: true });
  for (const [split, rows] of splits) writeFileSync(join(folder, fileName(split)), parquetOf(rows));
  writeFileSync(join(folder, "README.md"), cardOf(splits));
}
