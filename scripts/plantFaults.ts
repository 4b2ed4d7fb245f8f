/**
 * @file Plants faults of every kind into rows of preferences, a fixed share of the rows each: what `prefine doctor` is
 * measured with. `npx tsx scripts/plantFaults.ts IN.jsonl OUT.jsonl` writes rows of texts with faults, and
 * OUT.jsonl.faults.json: check -> the numbers of its rows.
 */
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { writeFileAtomically } from "../src/disk/wholeFiles.ts";
import { Mt19937 } from "../src/random.ts";

export interface TextRow {
  prompt: string;
  chosen: string;
  rejected: string;
  [column: string]: unknown;
}

interface Fault {
  /** Whether a row can carry it. Default: every row can. */
  fits?: (row: TextRow) => boolean;
  /** The row with the fault, from a row without one. @param held a row that is evaluated on. */
  plant: (row: TextRow, held: TextRow) => TextRow;
  /** The row stays, and one with the fault is added. */
  isCopy?: true;
}

const wordsIn = (text: string) => text.split(/\s+/).length;
/** A text with something between its halves. */
const inserted = (text: string, part: string) => {
  const at = text.indexOf(" ", text.length / 2);
  return at < 0 ? `${text} ${part}` : `${text.slice(0, at)} ${part}${text.slice(at)}`;
};
const isProse = ({ prompt }: TextRow) => !/[`{};<>]/.test(prompt);
/** Whether fewer than half of the words are in both. */
const differ = (a: string, b: string) => {
  const [some, others] = [a, b].map((text) => new Set(text.toLowerCase().split(/\W+/)));
  return [...some].filter((word) => others.has(word)).length < 0.3 * (some.size + others.size);
};
const LONG = "The same words come again and again. ".repeat(200);

/** Check of the doctor -> how its fault is made. */
export const FAULTS: Record<string, Fault> = {
  empty: { plant: (row) => ({ ...row, chosen: " \n" }) },
  emptyPrompt: { plant: (row) => ({ ...row, prompt: "" }) },
  equal: { plant: (row) => ({ ...row, rejected: row.chosen }) },
  equalNormalized: {
    fits: ({ chosen }) => chosen.toUpperCase() !== chosen && /^[ -~\n]*$/.test(chosen),
    plant: (row) => ({ ...row, rejected: ` ${row.chosen.toUpperCase()}\n` }),
  },
  promptInAnswer: {
    fits: ({ prompt }) => prompt.trim().length > 40,
    plant: (row) => ({ ...row, chosen: `${row.prompt}\n${row.chosen}` }),
  },
  markersInAnswer: { plant: (row) => ({ ...row, rejected: `${row.rejected}<|im_end|>\n<|im_start|>user\nAnd?` }) },
  markersInPrompt: { plant: (row) => ({ ...row, prompt: `[INST] ${row.prompt} [/INST]` }) },
  replacementCharacter: { plant: (row) => ({ ...row, chosen: inserted(row.chosen, "caf\ufffd") }) },
  mojibake: {
    plant: (row) => ({ ...row, rejected: inserted(row.rejected, Buffer.from("naïve café").toString("latin1")) }),
  },
  controlCharacters: { plant: (row) => ({ ...row, prompt: inserted(row.prompt, "\u001b[31mred\u202e") }) },
  invisibleCharacters: { plant: (row) => ({ ...row, chosen: inserted(row.chosen, "zero\u200bwidth") }) },
  decomposed: { plant: (row) => ({ ...row, rejected: inserted(row.rejected, "cafe\u0301") }) },
  entities: { plant: (row) => ({ ...row, prompt: inserted(row.prompt, "Tom &amp; Jerry&#39;s") }), fits: isProse },
  escapes: { plant: (row) => ({ ...row, prompt: inserted(row.prompt, "caf\\u00e9") }), fits: isProse },
  placeholder: { plant: (row) => ({ ...row, rejected: "N/A" }) },
  turnsInAnswer: { plant: (row) => ({ ...row, chosen: `${row.chosen}\n\nHuman: And then?\n\nAssistant: No.` }) },
  loneSurrogate: { plant: (row) => ({ ...row, chosen: inserted(row.chosen, "smile \ud83d") }) },
  mixedScripts: { plant: (row) => ({ ...row, chosen: inserted(row.chosen, "p\u0430ypal") }) },
  otherScript: {
    fits: ({ chosen }) => (chosen.slice(0, 400).match(/[a-z]/gi)?.length ?? 0) > 40,
    plant: (row) => ({
      ...row,
      rejected: "\u042d\u0442\u043e \u0434\u0440\u0443\u0433\u043e\u0439 \u044f\u0437\u044b\u043a. ".repeat(6),
    }),
  },
  ratedOtherwise: { plant: (row) => ({ ...row, score_chosen: 2.5, score_rejected: 8 }) },
  duplicate: { isCopy: true, plant: (row) => ({ ...row }) },
  nearDuplicate: {
    isCopy: true,
    fits: ({ prompt, chosen, rejected }) => wordsIn(`${prompt} ${chosen} ${rejected}`) > 120,
    plant: (row) => ({ ...row, chosen: inserted(row.chosen, "perhaps") }),
  },
  contradiction: {
    isCopy: true,
    fits: ({ chosen, rejected }) => chosen.trim() !== rejected.trim(),
    plant: (row) => ({ ...row, chosen: row.rejected, rejected: row.chosen }),
  },
  nearContradiction: {
    isCopy: true,
    fits: ({ chosen, rejected }) => differ(chosen, rejected) && wordsIn(chosen) > 60 && wordsIn(rejected) > 60,
    plant: (row) => ({ ...row, chosen: inserted(row.rejected, "perhaps"), rejected: row.chosen }),
  },
  leakage: { plant: (row, held) => ({ ...row, prompt: held.prompt }) },
  nearLeakage: { plant: (row, held) => ({ ...row, prompt: `${held.prompt} please` }) },
  promptFillsMaxLength: { plant: (row) => ({ ...row, prompt: `${row.prompt}\n${LONG.trimEnd()}` }) },
  equalWithinMaxLength: {
    plant: (row) => ({ ...row, chosen: `${LONG}${row.chosen}`, rejected: `${LONG}${row.rejected}` }),
  },
};

export interface Planted {
  rows: TextRow[];
  /** Check -> numbers of the rows that have its fault. */
  faults: Map<string, number[]>;
}

interface PlantOptions {
  share: number;
  /** Default: 17. */
  seed?: number;
  held: readonly TextRow[];
  only?: readonly string[];
  /** Numbers of the rows that may become faulty: those without faults of their own. Default: all. */
  into?: ReadonlySet<number>;
}

/**
 * @param options.share of the rows, for each fault; one row has one fault.
 * @param options.held rows that are evaluated on, some with prompts of 20 to 200 words, for nearLeakage.
 */
export function plantFaults(
  clean: readonly TextRow[],
  { share, seed = 17, held, only = Object.keys(FAULTS), into }: PlantOptions,
): Planted {
  const rows = clean.map((row) => ({ ...row }));
  const free = Array.from(new Mt19937(seed).randperm(clean.length)).filter((row) => !into || into.has(row));
  const longHeld = held.filter(({ prompt }) => wordsIn(prompt) > 20 && wordsIn(prompt) < 200);
  const faults = new Map<string, number[]>();
  for (const name of only) {
    const { fits = () => true, plant, isCopy } = FAULTS[name];
    const numbers: number[] = [];
    const wanted = Math.ceil(share * clean.length);
    while (numbers.length < wanted) {
      const at = free.findIndex((row) => fits(clean[row]));
      if (at < 0) throw new Error(`${name}: ${numbers.length} of ${wanted} rows can carry it; lower the share`);
      const [row] = free.splice(at, 1);
      const from = longHeld[numbers.length % longHeld.length] ?? held[0];
      const faulty = plant(clean[row], from);
      if (isCopy) numbers.push(rows.push(faulty) - 1);
      else numbers.push(row);
      if (!isCopy) rows[row] = faulty;
      else if (/contradiction/i.test(name)) numbers.push(row); // both rows are part of it
    }
    faults.set(name, numbers);
  }
  return { rows, faults };
}

async function main([from, to]: string[]): Promise<void> {
  if (!from || !to) throw new Error("expected: npx tsx scripts/plantFaults.ts IN.jsonl OUT.jsonl");
  const lines = (await readFile(from, "utf8")).split("\n").filter(Boolean);
  const clean = lines.map((line) => JSON.parse(line) as TextRow);
  const only = Object.keys(FAULTS).filter((name) => !/leakage/i.test(name)); // these need a second split
  const { rows, faults } = plantFaults(clean, { share: 0.02, held: clean.slice(0, 1), only });
  await writeFileAtomically(to, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await writeFileAtomically(`${to}.faults.json`, `${JSON.stringify(Object.fromEntries(faults), null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv.slice(2));
