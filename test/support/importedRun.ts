/** @file Imports a file of another tool as a run file, with a dataset_info.json for the names in LLaMA-Factory's. */
import { expect } from "vitest";
import { type ImportedRun, importRun } from "../../src/config/import/importRun.ts";
import type { ImportFiles } from "../../src/config/import/llamaFactoryData.ts";
import { parseRun } from "../../src/config/run.ts";
import { parseYaml } from "../../src/formats/yaml.ts";

const INFO = {
  pairs: { file_name: "pairs.json", ranking: true, formatting: "sharegpt", columns: { messages: "conversations" } },
  more: { file_name: "/data/more.json", ranking: true, formatting: "sharegpt", columns: { messages: "conversations" } },
  orca: {
    hf_hub_url: "Intel/orca_dpo_pairs",
    ranking: true,
    columns: { prompt: "question" },
    subset: "x",
    split: "all",
  },
  answers: { file_name: "sft.json" },
};
export const importFiles: ImportFiles = {
  readText: async (path) => (path === "data/dataset_info.json" ? JSON.stringify(INFO) : undefined),
  countRows: async (path) => ({ "data/pairs.json": 300, "/data/more.json": 5000 })[path],
};

/** The keys of the run file, which is a valid one. */
export async function imported(keys: object): Promise<{ keys: Record<string, unknown> } & ImportedRun> {
  const run = await importRun({ name: "x.yml", text: JSON.stringify(keys) }, { files: importFiles });
  expect(run.problems).toEqual([]);
  parseRun({ file: { name: "run.yaml", text: run.text } });
  return { ...run, keys: parseYaml(run.text) as Record<string, unknown> };
}
export const keysOf = async (keys: object) => (await imported(keys)).keys;
export const differing = ({ lines }: ImportedRun) => lines.filter(({ changes }) => changes).map(({ key }) => key);
