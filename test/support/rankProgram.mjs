/**
 * @file Trainings one after the other, in each process of a job or in one alone: `node rankProgram.mjs PACKAGE JOB`,
 * where JOB is a JSON file { folder, trainings }. Every rank writes JOB.results-RANK.json.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [place, job] = process.argv.slice(2);
const { DPOTrainer, EarlyStoppingCallback, loadDataset } = await import(pathToFileURL(join(place, "dist/index.js")));
const { folder, trainings } = JSON.parse(readFileSync(job, "utf8"));
const rank = Number(process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK ?? 0);

const nothing = () => {};
const rows = async (name) => (await loadDataset(join(folder, name))).split("train");

async function trained({ name, args, peft_config = null, quantization_config, seesPairs, patience }) {
  const lines = [];
  const logger = { start: nothing, step: nothing, status: nothing, metrics: nothing, end: nothing, close: nothing };
  const keep = (line) => void lines.push(line);
  const seen = [];
  const trainer = DPOTrainer({
    model: join(folder, "model"),
    peft_config,
    ...(quantization_config ? { quantization_config } : {}),
    args,
    train_dataset: await rows("train.jsonl"),
    eval_dataset: await rows(seesPairs ? "uneven.jsonl" : "eval.jsonl"),
    callbacks: patience ? [new EarlyStoppingCallback({ early_stopping_patience: patience })] : [],
    logger: { ...logger, info: keep, warn: keep },
    ...(seesPairs
      ? {
          compute_metrics: ({ predictions }) => {
            seen.push(predictions.map(({ row }) => row));
            return { pairs: seen.flat().length };
          },
        }
      : {}),
  });
  try {
    await trainer.train();
    return { name, log: trainer.state.log_history, flos: trainer.state.total_flos, lines, seen };
  } finally {
    await trainer.dispose();
  }
}

const failed =
  ({ name }) =>
  ({ stack }) => ({ name, error: stack });

const results = [];
for (const training of trainings) results.push(await trained(training).catch(failed(training)));
writeFileSync(`${job}.results-${rank}.json`, JSON.stringify(results));
