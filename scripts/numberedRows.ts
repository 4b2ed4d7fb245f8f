/**
 * @file Rows of texts, repeated with numbers until there are enough, to measure time and memory of the doctor with.
 * `npx tsx scripts/numberedRows.ts DATASET COUNT OUT.jsonl`; numbered copies have new hashes and the same words.
 */
import { loadDataset } from "../src/data/datasets/loadDataset.ts";
import { ultrafeedback } from "../src/data/datasets/ultrafeedback.ts";
import { writeFileAtomically } from "../src/disk/wholeFiles.ts";

const [dataset, count, out] = process.argv.slice(2);
if (!out) throw new Error("expected: npx tsx scripts/numberedRows.ts DATASET COUNT OUT.jsonl");
const splits = await loadDataset(dataset, { split: "train_prefs" });
const rows = await (await splits.split("train_prefs").map(ultrafeedback)).to_list();
const encoder = new TextEncoder();

async function* pieces() {
  for (let i = 0; i < Number(count); i++) {
    const { prompt, chosen, rejected } = rows[i % rows.length];
    const row = { prompt: `${i} ${prompt}`, chosen: `${i} ${chosen}`, rejected: `${i} ${rejected}` };
    yield encoder.encode(`${JSON.stringify(row)}\n`);
  }
}

await writeFileAtomically(out, { pieces });
