/** @file Planted faults are found, and little else: in real rows and the demo's. All formats: plantedFormats. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FAULTS, plantFaults, type TextRow } from "../scripts/plantFaults.ts";
import type { Dataset } from "../src/data/datasets/dataset.ts";
import { loadDataset } from "../src/data/datasets/loadDataset.ts";
import { ultrafeedback } from "../src/data/datasets/ultrafeedback.ts";
import { DOCTOR_CHECKS, examine } from "../src/data/doctor/doctor.ts";
import { AutoTokenizer } from "../src/data/tokenizers/loadTokenizer.ts";
import { sharedFolder } from "./support/shared.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));
const preferences = join(sharedFolder, "data", "preferences-300");
const hasPreferences = existsSync(preferences);
const missing = hasPreferences ? "" : " (SKIPPED: ../shared/data/preferences-300 is absent)";

type Rows = Record<string, unknown>[];
const named = (name: string, rows: Rows) => ({ name, rows: () => rows });
const textRows = async (split: Dataset) => (await split.to_list()) as TextRow[];

const FORMATS = ["texts", "conversations"] as const;
type Format = (typeof FORMATS)[number];
const PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}";

function inFormat(rows: readonly TextRow[], format: Format): Rows {
  const turns = (role: string, content: string) => [{ role, content }];
  const written: Record<Format, (row: TextRow) => Rows[number]> = {
    texts: (row) => row,
    conversations: ({ prompt, chosen, rejected, ...rest }) => {
      const answers = { chosen: turns("assistant", chosen), rejected: turns("assistant", rejected) };
      return { ...rest, prompt: turns("user", prompt), ...answers };
    },
  };
  return rows.map(written[format]);
}

/** Checks rows with and without planted faults; returns the shares that are found, and false alarms per row. */
async function measure(options: {
  clean: TextRow[];
  held: TextRow[];
  tokenizer: string;
  only?: string[];
  seed?: number;
  /** Format of the rows. Default: TRL's texts. */
  format?: Format;
}) {
  const { clean, held, only, seed = 17, format = "texts" } = options;
  const tokenizer = await AutoTokenizer.from_pretrained(options.tokenizer);
  if (format !== "texts") tokenizer.chat_template = PLAIN;
  const look = async (rows: TextRow[]) => {
    const evaluation = [named("test", inFormat(held, format))];
    const train = named("train", inFormat(rows, format));
    const { findings } = await examine({ train, evaluation, tokenizer, max_length: 1024 });
    const of = (name: string) => findings.filter(({ split }) => split === name);
    return {
      checks: new Map(of("train").map((finding) => [finding.check, new Set(finding.rows)])),
      faulty: new Set(of("train").flatMap((finding) => finding.rows)),
      faultyHeld: new Set(of("test").flatMap((finding) => finding.rows)),
    };
  };
  const { checks: before, faulty, faultyHeld } = await look(clean);
  const into = new Set([...clean.keys()].filter((row) => !faulty.has(row)));
  const from = held.filter((_, i) => !faultyHeld.has(i));
  const { rows, faults } = plantFaults(clean, { share: 0.02, seed, held: from, into, ...(only && { only }) });
  const { checks: after } = await look(rows);
  return DOCTOR_CHECKS.map(({ name }) => {
    const planted = new Set(faults.get(name));
    const hits = after.get(name) ?? new Set<number>();
    const alarms = [...hits].filter((row) => !planted.has(row) && !before.get(name)?.has(row));
    const found = [...planted].filter((row) => hits.has(row)).length;
    return { name, planted: planted.size, found, alarms: alarms.length / rows.length };
  });
}

type Measured = Awaited<ReturnType<typeof measure>>;

function expectFound(measured: Measured, kinds: number): void {
  expect(measured.filter(({ planted }) => planted > 0)).toHaveLength(kinds);
  expect(measured.filter(({ planted, found }) => found < 0.99 * planted)).toEqual([]);
  expect(measured.filter(({ alarms }) => alarms > 0.01)).toEqual([]);
}

test.skipIf(!hasPreferences).each(FORMATS)(
  `planted faults in real preferences as %s${missing}`,
  async (format) => {
    const splits = await loadDataset(preferences, { split: ["train_prefs", "test_prefs"] });
    const of = async (split: string) => textRows(await splits.split(split).map(ultrafeedback));
    const [clean, held] = [await of("train_prefs"), await of("test_prefs")];
    const tokenizer = join(sharedFolder, "gpt2-tokenizer");
    const only = Object.keys(FAULTS);
    const seed = 17 + FORMATS.indexOf(format);
    expectFound(await measure({ clean, held, tokenizer, only, seed, format }), only.length);
  },
  120_000,
);

test("planted faults in the demo's preferences", async () => {
  const splits = await loadDataset(join(checkout, "demo/everyday-preferences"));
  const clean = await textRows(await splits.split(splits.splitNames[0]).map(ultrafeedback));
  const only = Object.keys(FAULTS).filter((name) => !/near|otherScript|promptInAnswer|entities|escapes/i.test(name)); // longer texts
  const held = [{ prompt: "An unrelated question about the weather of tomorrow?", chosen: "Yes.", rejected: "No." }];
  const tokenizer = join(checkout, "demo/everyday-gpt2");
  expectFound(await measure({ clean, held, tokenizer, only }), only.length);
}, 120_000);
