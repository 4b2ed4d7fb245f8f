/** @file Every check of the doctor finds its planted fault, in every format that can hold it, and nothing else. */
import { describe, expect, test } from "vitest";
import { FAULTS, type TextRow } from "../scripts/plantFaults.ts";
import {
  MESSAGE_FAULTS,
  type MessageRow,
  SPLIT_FAULT,
  SPLIT_FAULTS,
  TOKEN_FAULTS,
  WITHOUT_PAIR,
  wordRows,
  wordTokenizer,
} from "../scripts/plantInFormats.ts";
import { DATA_FORMATS, type DataFormat } from "../src/config/options/dataFormats.ts";
import type { Row } from "../src/data/datasets/features.ts";
import { DOCTOR_CHECKS, examine } from "../src/data/doctor/doctor.ts";
import { SPLIT_CHECKS } from "../src/data/doctor/splitChecks.ts";
import { NO_PAIR } from "../src/data/doctor/unpaired.ts";
import { UNREADABLE } from "../src/data/doctor/unreadable.ts";
import { convertPairs } from "../src/data/shapes/convert.ts";
import { openPairs } from "../src/data/shapes/readPairs.ts";
import { SHAPES } from "../src/data/shapes/shapes.ts";
import { PrefineError } from "../src/errors.ts";

/** What Axolotl's formats of texts put around a question and after an answer. */
const MARKUPS: Record<string, readonly [before: string, after: string, end: string]> = {
  chatml: ["<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"],
  llama3: [
    "<|start_header_id|>user<|end_header_id|>\n\n",
    "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "<|eot_id|>",
  ],
  zephyr: ["<|system|>\n</s>\n<|user|>\n", "</s>\n<|assistant|>\n", ""],
};
const SETTINGS: Partial<Record<DataFormat, Record<string, unknown>>> = {
  "user_defined.default": { field_prompt: "prompt", prompt_format: "{prompt}" },
};

const say = (role: string, content: string) => [{ role, content }];
const inMessages = ({ prompt, chosen, rejected, ...rest }: TextRow): MessageRow => ({
  ...rest,
  ...{ prompt: say("user", prompt), chosen: say("assistant", chosen), rejected: say("assistant", rejected) },
});
function marked({ prompt, chosen, rejected, ...rest }: TextRow, format: string): Row {
  const [before, after, end] = MARKUPS[format.split(".")[0]] ?? ["", "", ""];
  return { ...rest, prompt: before + prompt + after, chosen: chosen + end, rejected: rejected + end };
}

/** A row of TRL in a format; undefined: the format can't hold it. */
async function written(row: Row, format: DataFormat): Promise<Row[] | undefined> {
  const made: Row[] = [];
  try {
    const stream = await openPairs([row], { data_format: "trl", split: "train", isConversion: true });
    const target = { to: SHAPES[format], settings: SETTINGS[format] ?? {}, chat: false, drop: [], split: "train" };
    for await (const one of convertPairs(stream, target)) made.push(one);
    return made;
  } catch (error) {
    if (error instanceof PrefineError) return undefined;
    throw error;
  }
}

type Kind = "texts" | "messages";
type Plant = (row: TextRow, held: TextRow) => Row;

const ofKind = (row: TextRow, kind: Kind, format: DataFormat): Row =>
  kind === "texts" ? marked(row, format) : { ...inMessages(row) };

/** Check -> how a row of TRL gets its fault, in a format of texts or of messages. */
function faultsOf(kind: Kind, format: DataFormat): [check: string, plant: Plant][] {
  const ofTexts = Object.entries(FAULTS).map(([name, { plant }]) => [name, plant] as const);
  // where marks stand between prompt and answer, and before the prompt, neither has its first or last token
  const isMarked = kind === "messages" || SHAPES[format].bare !== undefined;
  const ofTokens = Object.entries(TOKEN_FAULTS).filter(([name]) => !isMarked || !/boundary|doubleBos/.test(name));
  const some = [...ofTexts, ...ofTokens].map(([name, plant]): [string, Plant] => {
    return [name, (row, held) => ofKind(plant(row, held), kind, format)];
  });
  const ofMessages = Object.entries(MESSAGE_FAULTS).map(([name, plant]): [string, Plant] => {
    return [name, (row) => ({ ...plant(inMessages(row)) })];
  });
  return kind === "texts" ? some : [...some, ...ofMessages];
}

const CLEAN = wordRows(56, 1);
const HELD = wordRows(8, 2);

class Planting {
  readonly rows: Row[] = [];
  /** Check -> rows that have its fault; where a pair is made of two, either. */
  readonly faults = new Map<string, number[][]>();

  add(rows: readonly Row[], ...checks: string[]): void {
    const numbers = rows.map((row) => this.rows.push(row) - 1);
    for (const check of checks) this.faults.set(check, [...(this.faults.get(check) ?? []), numbers]);
  }
}

/** The first value of a row without which it can't be read is a number instead. */
async function spoiled(row: Row, format: DataFormat): Promise<Row | undefined> {
  for (const column of Object.keys(row)) {
    const other = { ...row, [column]: 7 };
    const bad: number[] = [];
    const reading = { ...readingOf(format), split: "train", onBadRow: (_: unknown, row: number) => bad.push(row) };
    for await (const _ of (await openPairs([other], reading)).pairs()) break;
    if (bad.length > 0) return other;
  }
  return undefined;
}

const readingOf = (format: DataFormat) =>
  ({ data_format: format, data_format_options: SETTINGS[format] ?? null, ties: "skip" }) as const;

async function plantAll(kind: Kind, format: DataFormat): Promise<Planting> {
  const planting = new Planting();
  const free = [...CLEAN];
  const clean = async () => (await written(ofKind(free.shift() as TextRow, kind, format), format)) as Row[];
  for (const [check, plant] of faultsOf(kind, format)) {
    const rows = await written(plant(free[0], HELD[0]), format);
    if (!rows) continue; // the format can't hold it
    const isBoth = /contradiction/i.test(check);
    if (FAULTS[check]?.isCopy) planting.add(await clean(), ...(isBoth ? [check] : []));
    else free.shift();
    planting.add(rows, check);
  }
  const bad = await spoiled((await clean())[0], format);
  if (bad) planting.add([bad], UNREADABLE.name);
  const tied = WITHOUT_PAIR[format]?.((await clean())[0]);
  if (tied) planting.add([tied], NO_PAIR.name);
  while (free.length > 0) planting.add(await clean());
  return planting;
}

async function look(rows: Row[], held: Row[], format: DataFormat, max_length: number) {
  const texts = [...rows, ...held].map((row) => JSON.stringify(row).replaceAll("\\n", " ").replaceAll("\u2603", ""));
  const marks = Object.values(MARKUPS).map(([before, after, end]) => `${before}x${after}x${end}`);
  return examine({
    train: { name: "train", rows: () => rows },
    evaluation: [{ name: "test", rows: () => held }],
    tokenizer: wordTokenizer([...texts, ...marks]),
    max_length,
    to_preferences: readingOf(format),
  });
}

const ALL = [...DOCTOR_CHECKS, ...SPLIT_CHECKS, UNREADABLE, NO_PAIR].map(({ name }) => name);
/** Check -> formats in which its fault was planted. */
const planted = new Map<string, DataFormat[]>(ALL.map((name) => [name, []]));

describe("planted faults", () => {
  test.each(DATA_FORMATS)("in %s", async (format) => {
    const kinds = (["texts", "messages"] as const).filter((kind) => kind === "texts" || format !== "passthrough");
    let tried = 0;
    for (const kind of kinds) {
      if (!(await written(ofKind(CLEAN[0], kind, format), format))) continue;
      tried++;
      const { rows, faults } = await plantAll(kind, format);
      const held: Row[] = [];
      for (const row of HELD) held.push(...((await written(ofKind(row, kind, format), format)) ?? []));
      const { findings } = await look(rows, held, format, 1024);
      const faulty = new Set([...faults.values()].flat(2));
      for (const [check, places] of faults) {
        const hits = findings.find((one) => one.check === check && one.split === "train")?.rows ?? [];
        const missed = places.filter((numbers) => !numbers.some((row) => hits.includes(row)));
        expect([check, kind, missed]).toEqual([check, kind, []]);
        planted.get(check)?.push(format);
      }
      const alarms = findings.filter(({ rows: numbers }) => numbers.some((row) => !faulty.has(row)));
      expect(
        alarms.flatMap(({ check, split, rows: numbers }) =>
          split === "train" ? [[check, numbers.filter((row) => !faulty.has(row))]] : [],
        ),
      ).toEqual([]);
      const all: Row[] = [];
      for (const row of CLEAN) all.push(...((await written(ofKind(SPLIT_FAULT(row), kind, format), format)) ?? []));
      const whole = await look(all, held, format, 100);
      const names = new Set(whole.findings.filter(({ split }) => split === "train").map(({ check }) => check));
      expect(SPLIT_FAULTS.filter((name) => !names.has(name))).toEqual([]);
      for (const name of SPLIT_FAULTS) planted.get(name)?.push(format);
    }
    expect(tried).toBeGreaterThan(0);
  });

  test("of every check", () => {
    expect([...planted].filter(([, formats]) => formats.length === 0)).toEqual([]);
  });
});
