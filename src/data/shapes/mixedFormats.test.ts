/** @file Mixtures of datasets in several formats: each is read by its own, and a question is never lost on the way. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { failure } from "../../../test/support/outcomes.ts";
import { type DataArguments, openData } from "../datasets/dataArguments.ts";
import type { Row } from "../datasets/features.ts";
import { alikeWith, convertWith, toPreferences } from "./toPreferences.ts";

const user = (content: string) => ({ role: "user", content });
const bot = (content: string) => ({ role: "assistant", content });
const ROWS: Readonly<Record<string, Row>> = {
  orca: { system: "", question: "orca?", chosen: "yes", rejected: "no" },
  notus: { instruction: "notus?", chosen_response: "yes", rejected_response: "no", chosen_model: "m" },
  binarized: {
    ...{ prompt: "binarized?", score_chosen: 5 },
    ...{ chosen: [user("binarized?"), bot("yes")], rejected: [user("binarized?"), bot("no")] },
  },
  texts: { prompt: "texts?", chosen: "yes", rejected: "no" },
};

let folder: string;
const at = (name: string) => join(folder, `${name}.jsonl`);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-mixed-"));
  for (const [name, row] of Object.entries(ROWS)) writeFileSync(at(name), `${JSON.stringify(row)}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The questions of the pairs, sorted, and the lines about formats. */
async function questions(data: DataArguments) {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line.replace(folder, ""));
  const read = { toRows: convertWith(onLine), alike: alikeWith(onLine) };
  const { train } = await openData(data, { seed: 1, ...read });
  const pairs = await (await toPreferences(train)).to_list();
  const asked = pairs.map(({ prompt }) => (Array.isArray(prompt) ? prompt.at(-1).content : prompt));
  return { asked: asked.toSorted(), lines };
}

const SETS = ["binarized", "notus", "orca"];
const ASKED = ["binarized?", "notus?", "orca?"];

it.each<[string, () => DataArguments]>([
  ["datasets", () => ({ datasets: SETS.map((name) => ({ path: at(name) })) })],
  [
    "dataset_mixer",
    () => ({ dataset_mixer: Object.fromEntries(SETS.map((name) => [at(name), 1])), dataset_splits: ["train"] }),
  ],
  [
    "dataset_mixture",
    () => ({
      dataset_mixture: {
        datasets: SETS.map((name) => ({ id: at(name), split: "train", weight: 1 })),
        ...{ seed: 0, test_split_size: null },
      },
    }),
  ],
])("%s of three formats", async (_, data) => {
  const { asked, lines } = await questions(data());
  expect(asked).toEqual(ASKED);
  expect(lines.find((line) => line.startsWith("/orca.jsonl: train: orca (columns"))).toBeDefined();
});

it("one format is read once it is mixed, with a question that dataset_mixer has no place for", async () => {
  const data = { dataset_mixer: { [at("orca")]: 1 }, dataset_splits: ["train"] };
  expect(await questions(data)).toEqual({ asked: ["orca?"], lines: [] });
});

it("texts and messages are not mixed", async () => {
  const { message } = await failure(questions({ datasets: [{ path: at("orca") }, { path: at("texts") }] }));
  expect(message).toContain("texts.jsonl: train: expected the column prompt to be list<struct<role: string");
});
