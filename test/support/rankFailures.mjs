/**
 * @file Trainings that fail on one rank, one after the other in each process of a job or in one alone:
 * `node rankFailures.mjs PACKAGE JOB`, where JOB is a JSON file { folder, trainings }. Every rank writes
 * JOB.results-RANK.json.
 */
import { promises, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const [place, job] = process.argv.slice(2);
const { DPOTrainer, loadDataset, PrefineError } = await import(pathToFileURL(join(place, "dist/index.js")));
const { folder, trainings } = JSON.parse(readFileSync(job, "utf8"));
const launched = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
/** Whether this process has the faults of a rank: one that was started alone has all. */
const isRank = (rank) => launched === undefined || Number(launched) === rank;

const nothing = () => {};
const logger = Object.fromEntries(
  ["start", "step", "status", "metrics", "info", "warn", "end", "close"].map((name) => [name, nothing]),
);

/** Requests to the compute thread that are to fail: their method, and how many of them come before. */
let refused;
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  const isMeant = refused !== undefined && message?.request?.method === refused.method && refused.before-- === 0;
  const request = isMeant ? { method: "free", names: 0 } : message?.request;
  return postMessage.call(this, message?.request ? { ...message, request } : message, ...rest);
};

let isFull = false;
const { mkdir } = promises;
promises.mkdir = async (path, ...rest) => {
  if (isFull && /checkpoint-\d+\.partial/.test(path))
    throw Object.assign(new Error(`ENOSPC: no space left on device, mkdir '${path}'`), {
      code: "ENOSPC",
      syscall: "mkdir",
    });
  return mkdir(path, ...rest);
};
syncBuiltinESMExports();

const throwing = (event, at, error) => ({
  [event]: (_args, state) => {
    if (state.global_step === at) throw error();
  },
});

const refusing = (method, before) => () => {
  refused = { method, before };
};

/** What goes wrong on the faulty rank: options of its trainer, or of its `train`. */
const FAULTS = {
  "a callback": () => ({ callbacks: [throwing("on_step_end", 3, () => new Error("no such gauge"))] }),
  "a callback before the first step": () => ({ callbacks: [throwing("on_train_begin", 0, () => new Error("early"))] }),
  "a callback between an update and its count": () => ({
    callbacks: [throwing("on_optimizer_step", 4, () => new PrefineError("data", "a row of its own"))],
  }),
  "a callback on this rank only": () => ({ callbacks: [throwing("on_log", 3, () => "a text")] }),
  compute_metrics: () => ({
    compute_metrics: () => {
      throw new RangeError("no metric");
    },
  }),
  "a graph": refusing("run", 20),
  "the sum of gradients": refusing("allReduce", 3),
  "the optimizer": refusing("applyEach", 7),
  "a full disk": () => {
    isFull = true;
  },
  "a signal": () => {
    const controller = new AbortController();
    const callbacks = [{ on_step_begin: (_args, { global_step }) => global_step === 3 && controller.abort() }];
    return { callbacks, signal: controller.signal };
  },
  "a model that is missing": () => ({ model: join(folder, "absent") }),
};

async function trained({ name, fault = "none", faulty = 0, stream, files, args }) {
  const { signal, ...own } = (isRank(faulty) && FAULTS[fault]?.()) || {};
  const rows = await loadDataset("json", { data_files: files.map((file) => join(folder, file)), streaming: stream });
  const evals = await loadDataset(join(folder, "eval.jsonl"));
  const others = fault.endsWith("only")
    ? {}
    : { callbacks: [{ on_step_end: nothing }], compute_metrics: () => ({ n: 1 }) };
  const trainer = new DPOTrainer({
    model: join(folder, "model"),
    peft_config: { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["c_attn", "c_proj"] },
    args,
    train_dataset: rows.train,
    eval_dataset: evals.train,
    logger,
    ...others,
    ...own,
  });
  try {
    await trainer.train({ signal });
    return { name, log: trainer.state.log_history };
  } catch ({ name: kind, code, message, hint }) {
    return { name, error: { kind, code, message, hint }, saved: savedIn(args.output_dir) };
  } finally {
    refused = undefined;
    isFull = false;
    await trainer.dispose();
  }
}

function savedIn(dir) {
  try {
    return readdirSync(dir)
      .filter((entry) => entry.includes("checkpoint-"))
      .sort();
  } catch {
    return [];
  }
}

const results = [];
for (const training of trainings) results.push(await trained(training));
writeFileSync(`${job}.results-${launched ?? 0}.json`, JSON.stringify(results));
