/**
 * @file Effects of a training on its process: the event loop stays free, a signal stops the training anywhere, and
 * nothing keeps the process alive when it is done.
 */

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import { openDevice } from "../../src/device/openDevice.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import type { Logger } from "../../src/terminal/logging.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { objective } from "../support/objective.ts";
import { failure } from "../support/outcomes.ts";
import { ADAMW, packed, randomGpt2, VOCABULARY } from "../support/randomGpt2.ts";
import { folderWithPrefine, runScript } from "../support/runScript.ts";
import { keepingLogger } from "../support/toyTrainer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-process-"));
const LORA = { r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: ["c_attn", "c_proj"] };
const rows = Array.from({ length: 8 }, (_, i) => ({ prompt: `${i}?`, chosen: `yes ${i}`, rejected: `no, not ${i}` }));

let small: LoadedModel;
beforeAll(async () => {
  small = await randomGpt2(join(folder, "small"), { vocab_size: 257 });
  for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(folder, "small", name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("timers keep firing while a step runs", async () => {
  vi.stubEnv("PREFINE_NUM_THREADS", "1"); // so that a step is long on any machine
  const model = await randomGpt2(join(folder, "wide"), { n_embd: 384, n_layer: 4, n_positions: 512 });
  const learner = await createLearner(
    {
      model,
      adapter: loraAdapter(model.architecture, LORA),
      objective: objective(),
      optimizer: { settings: ADAMW, weightDecay: () => 0 },
      dropout: false,
      seed: 1,
    },
    await openDevice(),
  );
  const ids = (length: number) => Array.from({ length }, (_, i) => (i * 7) % VOCABULARY);
  const pair = packed({ prompt_ids: ids(100), chosen_ids: ids(200), rejected_ids: ids(190) });
  const reference = [await learner.referenceLogps(pair)];
  await learner.accumulate([pair], reference, { scale: 1, dropoutStep: 0 }); // the first run allocates
  let ticks = 0;
  const timer = setInterval(() => ticks++, 20);
  const started = performance.now();
  await learner.accumulate([pair], reference, { scale: 1, dropoutStep: 1 });
  const milliseconds = performance.now() - started;
  clearInterval(timer);
  vi.unstubAllEnvs();
  await learner.dispose();
  expect(milliseconds).toBeGreaterThan(100); // otherwise the test proves nothing
  expect(ticks).toBeGreaterThan(milliseconds / 20 / 4);
});

function trainer(name: string, args: DPOConfigInput, logger: Partial<Logger> = {}): DPOTrainer {
  return new DPOTrainer({
    model: small,
    processing_class: byteTokenizer(),
    train_dataset: rows,
    eval_dataset: rows,
    peft_config: LORA,
    args: { output_dir: join(folder, name), bf16: false, max_steps: 6, per_device_train_batch_size: 2, ...args },
    logger: { ...keepingLogger().logger, ...logger },
  });
}

test("at step 0 all rewards are 0 and nothing is preferred: policy and reference tie", async () => {
  const fresh = trainer("ties", { eval_on_start: true, eval_strategy: "epoch" });
  const entry = await fresh.evaluate();
  expect(entry).toMatchObject({ "eval_rewards/chosen": 0, "eval_rewards/rejected": 0, "eval_rewards/margins": 0 });
  expect(entry["eval_rewards/accuracies"]).toBe(0); // strictly greater, as in TRL
  expect(entry.eval_loss).toBe(Math.fround(Math.LN2));
  await fresh.dispose();
});

test.each<[string, DPOConfigInput, (stop: () => void) => Partial<Logger>, RegExp]>([
  [
    "before the first step",
    {},
    (stop) => ({ start: stop }),
    /stopped before the first step was done; nothing was saved/,
  ],
  ["after a step", {}, (stop) => ({ step: ({ step }) => step === 3 && stop() }), /stopped after step 3 of 6; saved/],
  [
    "while it evaluates",
    { eval_strategy: "steps", eval_steps: 2 },
    (stop) => ({ status: (text) => text?.startsWith("evaluating") && stop() }),
    /stopped after step 2 of 6; saved/,
  ],
])("a signal stops it %s", async (name, args, listen, message) => {
  const controller = new AbortController();
  const stopped = trainer(name, args, listen(() => controller.abort()) as Partial<Logger>);
  const error = await failure(stopped.train({ signal: controller.signal }));
  expect(error.code).toBe("interrupted");
  expect(error.message).toMatch(message);
  expect(existsSync(join(folder, name, "adapter_model.safetensors"))).toBe(false);
  await stopped.dispose();
});

test("an already aborted signal stops it before anything is loaded", async () => {
  const stopped = trainer("early", {});
  expect((await failure(stopped.train({ signal: AbortSignal.abort() }))).code).toBe("interrupted");
  expect(existsSync(join(folder, "early"))).toBe(false);
  await stopped.dispose();
});

test("a disposed trainer says so, and keeps its log", async () => {
  const done = trainer("disposed", { max_steps: 2, logging_steps: 1 });
  await done.train();
  await done.dispose();
  await done.dispose();
  expect(done.state.log_history).toHaveLength(3);
  expect((await failure(done.evaluate())).message).toMatch(/disposed/);
});

test("fp16: true trains in float32, and fp16 beside bf16 is refused before anything is loaded", () => {
  expect(trainer("fp16", { fp16: true, bf16: null }).args.fp16).toBe(true);
  expect(() => trainer("fp16", { fp16: true, bf16: true })).toThrow(/fp16: expected one of fp16 and bf16, found both/);
});

test("ONNX Runtime's telemetry leaves nothing on the disk", { timeout: 60_000 }, async () => {
  const place = await folderWithPrefine();
  writeFileSync(
    join(place, "generate.mjs"),
    `import { AutoModelForCausalLM } from "prefine";
    const model = await AutoModelForCausalLM.from_pretrained(${JSON.stringify(join(folder, "small"))});
    await model.generate("a", { max_new_tokens: 2 });
    await model.dispose();`,
  );
  // as on a user's machine: in CI the runtime sends nothing; the variable is set by this process's devices
  for (const name of ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"]) {
    vi.stubEnv(name, undefined);
  }
  const home = mkdtempSync(join(folder, "home-"));
  const temporary = mkdtempSync(join(folder, "temporary-"));
  const outcome = await runScript(join(place, "generate.mjs"), place, { HOME: home, TMPDIR: temporary });
  vi.unstubAllEnvs();
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(existsSync(join(home, ".cache", "Microsoft"))).toBe(false);
  expect(existsSync(join(home, "Library"))).toBe(false);
  expect(readdirSync(temporary).filter((name) => name.startsWith("mat-debug"))).toEqual([]);
});

test.each([
  ["with dispose()", true],
  ["without", false],
])("the process ends when its work is done, %s", { timeout: 60_000 }, async (_, disposes) => {
  const place = await folderWithPrefine();
  writeFileSync(
    join(place, "train.mjs"),
    `import { AutoModelForCausalLM, DPOTrainer } from "prefine";
    const model = await AutoModelForCausalLM.from_pretrained(${JSON.stringify(join(folder, "small"))});
    const trainer = new DPOTrainer({
      model,
      train_dataset: ${JSON.stringify(rows)},
      peft_config: ${JSON.stringify(LORA)},
      args: { output_dir: "run", bf16: false, max_steps: 2, max_length: 64, learning_rate: 1e-4, disable_tqdm: true },
    });
    const { global_step } = await trainer.train();
    const [ids] = await model.generate("a", { max_new_tokens: 3, min_new_tokens: 3 });
    console.log(global_step, ids.length);
    ${disposes ? "await trainer.dispose(); await model.dispose();" : ""}`,
  );
  const { code, stdout, stderr } = await runScript(join(place, "train.mjs"), place);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "2 4\n", stderr: "" });
  rmSync(place, { recursive: true });
});
