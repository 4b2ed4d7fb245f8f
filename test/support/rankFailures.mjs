/**
 * @file Trainings that fail on one rank, one after the other in each process of a job or in one alone:
 * `node rankFailures.mjs PACKAGE JOB`, where JOB is a JSON file { folder, trainings }. Every rank writes
 * JOB.results-RANK.json.
 */
import fs, { copyFileSync, promises, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const [place, job] = process.argv.slice(2);
const { DPOTrainer, loadDataset, PrefineError, runFrom, train } = await import(
  pathToFileURL(join(place, "dist/index.js"))
);
const { folder, trainings } = JSON.parse(readFileSync(job, "utf8"));
const launched = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
/** Whether this process has the faults of a rank: one that was started alone has all. */
const isRank = (rank) => launched === undefined || Number(launched) === rank;

const nothing = () => {};
const logger = Object.fromEntries(
  ["start", "step", "status", "metrics", "info", "warn", "end", "close"].map((name) => [name, nothing]),
);

/** A request to the compute thread that is changed: whether it is of that kind, how many of them come before. */
let changed;
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  const isMeant = message?.request && changed?.isOfKind(message.request) && changed.before-- === 0;
  const request = isMeant ? changed.change(message.request) : message?.request;
  return postMessage.call(this, message?.request ? { ...message, request } : message, ...rest);
};

const { versions } = process;
const setNode = (node) => Object.defineProperty(process, "versions", { value: { ...versions, node } });

let ownVersion;
const { readFileSync: readAny } = fs;
fs.readFileSync = (path, ...rest) => {
  const content = readAny(path, ...rest);
  if (ownVersion === undefined || !String(path).endsWith("package.json")) return content;
  return JSON.stringify({ ...JSON.parse(content), version: ownVersion });
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
  changed = { isOfKind: (request) => request.method === method, before, change: () => ({ method: "free", names: 0 }) };
};

const isReference = ([name, { data }]) => name.startsWith("reference") && data !== undefined;
const usesReference = ({ method, feeds }) => method === "run" && feeds.some(isReference);

/** Log-probabilities of the reference that are no numbers. */
function withoutReference({ feeds, ...request }) {
  const changedFeeds = feeds.map((entry) => {
    const [name, feed] = entry;
    return isReference(entry) ? [name, { ...feed, data: feed.data.map(() => Number.NaN) }] : entry;
  });
  return { ...request, feeds: changedFeeds };
}

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
  "a model that is missing": () => ({ model: "absent" }),
  "a loss that is not finite": () => {
    changed = { isOfKind: usesReference, before: 6, change: withoutReference };
  },
  "other rows": () => ({ files: ["uneven.jsonl"] }),
  "other settings": ({ args }) => ({ args: { ...args, beta: 0.2 } }),
  "another version of prefine": () => {
    ownVersion = "99.0.0";
  },
  "another version of Node": () => {
    setNode("99.0.0");
  },
  "rows that are missing": () => process.chdir(join(folder, "without-rows")),
  "a model that is missing there": () => process.chdir(join(folder, "without-model")),
};

/** Rows that have been fixed meanwhile. */
function fix({ from, to }) {
  copyFileSync(join(folder, from), join(folder, `${to}-${launched}`));
  renameSync(join(folder, `${to}-${launched}`), join(folder, to));
}

async function newTrainer({ fault, stream, files, args, model = "model", ...own }) {
  const rows = await loadDataset("json", { data_files: files.map((file) => join(folder, file)), streaming: stream });
  const evals = await loadDataset(join(folder, "eval.jsonl"));
  const others = fault.endsWith("only")
    ? {}
    : { callbacks: [{ on_step_end: nothing }], compute_metrics: () => ({ n: 1 }) };
  return new DPOTrainer({
    model: join(folder, model),
    peft_config: { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: ["c_attn", "c_proj"] },
    args,
    train_dataset: rows.train,
    eval_dataset: evals.train,
    logger,
    ...others,
    ...own,
  });
}

async function trained({ name, fault = "none", faulty = 0, fixed, run, ...training }) {
  if (fixed) fix(fixed);
  const { signal, ...own } = (isRank(faulty) && FAULTS[fault]?.(training)) || {};
  let trainer;
  try {
    if (run) return { name, output: await train(runFrom(run), { logger }) };
    trainer = await newTrainer({ ...training, fault, ...own });
    await trainer.train({ signal });
    return { name, log: trainer.state.log_history };
  } catch ({ name: kind, code, message, hint }) {
    return { name, error: { kind, code, message, hint }, saved: savedIn(training.args.output_dir) };
  } finally {
    changed = undefined;
    isFull = false;
    ownVersion = undefined;
    setNode(versions.node);
    process.chdir(folder);
    await trainer?.dispose();
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
