/** @file Training on a stream: TRL's log, epochs that end with the rows, resuming, what needs all rows. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DPOConfigInput, DPOTrainer, IterableDataset, loadDataset } from "../src/index.ts";
import { byteTokenizer } from "./support/byteTokenizer.ts";
import { failure } from "./support/outcomes.ts";
import { randomGpt2 } from "./support/randomGpt2.ts";
import { runCommand } from "./support/runCommand.ts";
import { needsReference, referenceFolder } from "./support/shared.ts";
import { keepingLogger } from "./support/toyTrainer.ts";

interface Logged {
  step: number;
  epoch: number;
  loss: number;
  grad_norm: number;
  num_tokens: number;
  "rewards/margins": number;
}
const fixture = JSON.parse(readFileSync(new URL("fixtures/streaming.json", import.meta.url), "utf8")) as {
  log: { plain: Logged[]; accumulated: Logged[] };
};
const folder = mkdtempSync(join(tmpdir(), "prefine-streamed-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rows of scripts/make_streaming_fixture.py. */
const rows = Array.from({ length: 10 }, (_, i) => ({
  prompt: `What is ${i}?`,
  chosen: ` It is ${i}.`,
  rejected: ` no ${i * 7}`,
}));
const stream = (some: readonly object[] = rows) => IterableDataset.from_generator(() => some as never);

interface Training {
  model: string;
  train_dataset?: unknown;
  args?: DPOConfigInput;
  resume?: string;
}

async function train({ model, train_dataset = stream(), args = {}, resume }: Training) {
  const { logger, lines } = keepingLogger();
  const trainer = new DPOTrainer({
    model,
    train_dataset: train_dataset as never,
    logger,
    args: {
      output_dir: join(folder, "run"),
      overwrite_output_dir: resume === undefined,
      max_steps: 9,
      per_device_train_batch_size: 2,
      logging_steps: 1,
      max_length: 64,
      learning_rate: 1e-4,
      save_strategy: "no",
      bf16: false,
      ...args,
    },
  });
  try {
    await trainer.train(resume === undefined ? {} : { resume_from_checkpoint: resume });
    return { log: trainer.state.log_history, lines, state: trainer.state };
  } finally {
    await trainer.dispose();
  }
}

const TINY = join(referenceFolder, "models", "tiny-gpt2");
describe.skipIf(!existsSync(TINY))(`TRL's log of a stream${needsReference}`, () => {
  test.each([
    ["plain", 1],
    ["accumulated", 5], // an epoch is one step: TRL adds what is left over to the next epoch's step
  ] as const)("%s", async (name, gradient_accumulation_steps) => {
    const { log, state } = await train({ model: TINY, args: { gradient_accumulation_steps } });
    const expected = fixture.log[name];
    expect(log.slice(0, -1).map(({ step }) => step)).toEqual(expected.map(({ step }) => step));
    for (const [i, entry] of expected.entries()) {
      expect(log[i].epoch).toBeCloseTo(entry.epoch, 12);
      expect(log[i].num_tokens).toBe(entry.num_tokens);
      expect(Math.abs(log[i].loss - entry.loss)).toBeLessThan(2e-4);
      expect(Math.abs(log[i].grad_norm / entry.grad_norm - 1)).toBeLessThan(1e-3);
      expect(Math.abs(log[i]["rewards/margins"] - entry["rewards/margins"])).toBeLessThan(2e-4);
    }
    expect(state.num_train_epochs).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("a stream", () => {
  const model = join(folder, "model");
  beforeAll(async () => {
    await randomGpt2(model, { vocab_size: 300 });
    for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(model, name), bytes);
  });
  const losses = (log: readonly { loss?: number }[]) => log.map(({ loss }) => loss);

  test("trains on the same pairs as its rows in order, and ends epochs with them", async () => {
    const args = { gradient_accumulation_steps: 2 };
    const streamed = await train({ model, args });
    const whole = await train({ model, train_dataset: rows, args: { ...args, train_sampling_strategy: "sequential" } });
    expect(losses(streamed.log)).toEqual(losses(whole.log));
    expect(streamed.log.map(({ epoch }) => Math.floor(epoch)).slice(0, 9)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect(streamed.lines.some((line) => line === "data: a stream, in the order of its rows")).toBe(true);
  });

  test("leaves out the smaller batch at its end with dataloader_drop_last", async () => {
    const args = { dataloader_drop_last: true, max_steps: 6 };
    const odd = await train({ model, train_dataset: stream(rows.slice(0, 5)), args });
    const even = await train({ model, train_dataset: stream(rows.slice(0, 4)), args });
    expect(losses(odd.log)).toEqual(losses(even.log));
    expect(odd.log.map(({ epoch }) => Math.floor(epoch)).slice(0, 6)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test("goes on after a checkpoint as if it had not stopped, in any epoch", async () => {
    const args: DPOConfigInput = { gradient_accumulation_steps: 2, save_strategy: "steps", save_steps: 1 };
    const shuffled = () => stream().shuffle({ seed: 3, buffer_size: 4 });
    const unbroken = await train({ model, train_dataset: shuffled(), args });
    for (const step of [2, 3, 5]) {
      const resume = join(folder, "run", `checkpoint-${step}`);
      const resumed = await train({ model, train_dataset: shuffled(), args, resume });
      expect(losses(resumed.log)).toEqual(losses(unbroken.log));
    }
    const resume = join(folder, "run", "checkpoint-2");
    const otherRows = stream().map((row) => ({ ...row, chosen: row.rejected }));
    for (const changed of [otherRows, stream(), stream(rows.toReversed())]) {
      const resuming = train({ model, train_dataset: changed, args, resume });
      const message = "expected the 8 pairs that the run has trained on, found others";
      expect((await failure(resuming)).message).toContain(message);
    }
  });

  test("saves what it has done before a row that can't be read, and goes on once it is fixed", async () => {
    const many = Array.from({ length: 12 }, () => rows).flat();
    const args: DPOConfigInput = { max_steps: 45, output_dir: join(folder, "fixed") };
    const bad = stream(many.with(85, { ...many[85], chosen: 5 } as never));
    const error = await failure(train({ model, train_dataset: bad, args }));
    expect(error).toMatchObject({ code: "data", message: expect.stringContaining("row 85: ") });
    const saved = /checkpoint-\d+/.exec(error.message)?.[0] ?? "none is named";
    const resume = join(folder, "fixed", saved);
    const fixed = await train({ model, train_dataset: stream(many), args, resume });
    const plain = await train({ model, train_dataset: stream(many), args: { max_steps: 45 } });
    expect(losses(fixed.log)).toEqual(losses(plain.log));
  });

  test("drops rows on the way, and says so at the end", async () => {
    const long = { ...rows[0], prompt: "long ".repeat(40) };
    const { log, lines } = await train({ model, train_dataset: stream([long, ...rows, long]) });
    const plain = await train({ model });
    expect(losses(log)).toEqual(losses(plain.log));
    expect(lines.some((line) => /dropped 2 of 12 rows whose prompt alone fills max_length 64/.test(line))).toBe(true);
  });

  test.each([
    [{ max_steps: -1 }, "max_steps: expected a number above 0, since a stream has no number of rows, found -1"],
    [{ precompute_ref_log_probs: true }, "precompute_ref_log_probs: expected false"],
    [{ train_sampling_strategy: "group_by_length" as const }, "group_by_length needs the lengths of all rows"],
  ])("refuses %o", async (args, message) => {
    expect((await failure(train({ model, args }))).message).toContain(message);
  });

  test("without a row that can be trained on is refused before the model is compiled", async () => {
    expect((await failure(train({ model, train_dataset: stream([]) }))).message).toContain("expected rows, found none");
  });

  test("evaluates on a stream, all of it each time", async () => {
    const { logger } = keepingLogger();
    const args = {
      output_dir: join(folder, "evaluated"),
      max_steps: 2,
      eval_strategy: "steps" as const,
      eval_steps: 1,
    };
    const trainer = new DPOTrainer({
      model,
      train_dataset: stream(),
      eval_dataset: stream(rows.slice(0, 4)),
      logger,
      args: { ...args, save_strategy: "no", bf16: false, max_length: 64 },
    });
    await trainer.train();
    const evaluations = trainer.state.log_history.filter((entry) => "eval_loss" in entry);
    await trainer.dispose();
    expect(evaluations).toHaveLength(2);
  });

  test("trains from a run file with dataset_streaming, and a dry run says what is missing", async () => {
    const data = join(folder, "pairs.jsonl");
    writeFileSync(data, rows.map((row) => JSON.stringify(row)).join("\n"));
    const run = join(folder, "run.yaml");
    const write = (more: string) =>
      writeFileSync(
        run,
        `model_name_or_path: ${model}\ndata_files: ${data}\ndataset_streaming: true\nmax_length: 64\n` +
          `output_dir: ${join(folder, "out")}\nsave_strategy: "no"\neval_strategy: "no"\nbf16: false\n${more}`,
      );
    write("");
    const dry = await runCommand("train", "--config", run, "--dry-run");
    expect(dry.stdout + dry.stderr).toContain("max_steps: expected a number above 0");
    const refused = await runCommand("train", "--config", run);
    expect(refused.code).toBe(1);
    write("max_steps: 3\n");
    const trained = await runCommand("train", "--config", run);
    expect(trained.stderr).toContain("data: a stream, in the order of its rows");
    expect(trained.code).toBe(0);
    expect((await loadDataset(data, { streaming: true })).train.n_shards).toBe(1);
  });
});
