/**
 * @file Invariants of objectives on the engine: the gradient of a batch equals differences of its loss; a loss of the
 * whole batch in two passes equals the same loss in one, even with dropout; losses without a reference run none.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MARGINS } from "../../src/checkpoints/marginsTable.ts";
import type { DPOConfigInput } from "../../src/config/DPOConfig.ts";
import { lossesWith, lossTraits } from "../../src/config/options/lossTypes.ts";
import { openDevice } from "../../src/device/openDevice.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import type { Learner } from "../../src/dpo/learner.ts";
import type { Objective } from "../../src/dpo/losses/objective.ts";
import { DPOTrainer } from "../../src/dpoTrainer.ts";
import type { LearnerState } from "../../src/learner/learnerState.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { Mt19937 } from "../../src/random.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { objective } from "../support/objective.ts";
import { failure } from "../support/outcomes.ts";
import { packed, randomGpt2, randomPairTokens } from "../support/randomGpt2.ts";
import { readState } from "../support/savedState.ts";
import { largestDifference } from "../support/shared.ts";
import { keepingLogger } from "../support/toyTrainer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-objectives-"));
const DROPOUT = { embd_pdrop: 0.1, attn_pdrop: 0.1, resid_pdrop: 0.1 };
const LORA = { r: 4, lora_alpha: 8, lora_dropout: 0.2, target_modules: ["c_attn", "c_proj"] };
const pairs = randomPairTokens(4, 3).map((pair, index) => packed(pair, index));
const learners: Learner[] = [];
let model: LoadedModel;

beforeAll(async () => {
  model = await randomGpt2(join(folder, "model"), { vocab_size: 257, ...DROPOUT });
});
afterAll(async () => {
  await Promise.all(learners.map((made) => made.dispose()));
  rmSync(folder, { recursive: true, force: true });
});

/** An adapter that is not neutral, trained by plain gradient descent: a step of rate 1 subtracts the gradient. */
async function learner(wanted: Objective, dropout = false): Promise<Learner> {
  const adapter = loraAdapter(model.architecture, LORA);
  const random = new Mt19937(2);
  const weights = [...adapter.layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB }) =>
    ([[nameA, shapeA] as const, [nameB, shapeB] as const] as const).map(([name, shape]) => {
      const data = random.normal(new Float32Array(shape[0] * shape[1]), 0, 0.1);
      return [name, { shape: [...shape] as number[], data }] as const;
    }),
  );
  const made = await createLearner(
    {
      model,
      adapter,
      adapterWeights: new Map(weights),
      objective: wanted,
      dropout,
      seed: 1,
      optimizer: { settings: { kind: "sgd", momentum: 0, dampening: 0, nesterov: false }, weightDecay: () => 0 },
    },
    await openDevice(),
  );
  learners.push(made);
  return made;
}

/** Another adapter as the reference, so that no loss is at its symmetric point. */
const REFERENCE = pairs.map((_, i) => ({ chosen: -60 - 3 * i, rejected: -55 + 2 * i }));

type Weights = LearnerState["weights"];

/** Gradient of a batch, from the weights before and after a step of rate 1; restores the weights. */
async function gradientOf(made: Learner, batch = pairs, reference: typeof REFERENCE | null = REFERENCE) {
  const before = await readState(made);
  const given = reference?.slice(0, batch.length) ?? null;
  const result = await made.accumulate(batch, given, { scale: 1, dropoutStep: 7 });
  await made.step({ learningRate: 1, maxGradNorm: 0 });
  const after = await readState(made);
  await made.writeState(before);
  const gradient = new Map(
    [...before.weights].map(([name, { data }]) => {
      const moved = after.weights.get(name)!.data;
      return [name, data.map((value, i) => value - moved[i])] as const;
    }),
  );
  return { ...result, gradient };
}

function moved(weights: Weights, direction: ReadonlyMap<string, Float32Array>, step: number): Weights {
  const entries = [...weights].map(([name, { shape, data }]) => {
    return [name, { shape, data: data.map((value, i) => value + step * direction.get(name)![i]) }] as const;
  });
  return new Map(entries);
}

async function lossOf(made: Learner, reference: typeof REFERENCE | null): Promise<number> {
  const scores = [];
  for (const pair of pairs) scores.push(await made.score(pair));
  return made.lossOf(scores, reference);
}

const FREE = lossesWith("referenceFree");
const WANTED: [name: string, wanted: Objective][] = [
  ...(["sigmoid", "aot", "aot_unpaired", "dpop", "cdpo", "sft", ...FREE] as const).map((type): [string, Objective] => [
    type,
    objective(type, { beta: 0.3, labelSmoothing: 0.1, dpopLambda: 0.5 }),
  ]),
  ["ipo with ld_alpha", objective("ipo", { ldAlpha: 0.3 })],
  [
    "aot and sft with ld_alpha",
    objective("aot", {
      losses: [
        { type: "aot", weight: 2 },
        { type: "sft", weight: 0.3 },
      ],
      ldAlpha: 0.3,
    }),
  ],
];

test.each(WANTED)("%s: the gradient of a batch equals differences of its loss", async (_, wanted) => {
  const made = await learner(wanted);
  const reference = made.rewards === "logratios" ? REFERENCE : null;
  const { gradient, loss } = await gradientOf(made, pairs, reference);
  expect(loss).toBeCloseTo(await lossOf(made, reference), 5);
  const norm = Math.hypot(...[...gradient.values()].flatMap((values) => Array.from(values)));
  expect(norm).toBeGreaterThan(1e-3);
  const direction = new Map([...gradient].map(([name, values]) => [name, values.map((value) => value / norm)]));
  const state = await readState(made);
  const step = 2e-3;
  const losses: number[] = [];
  for (const way of [step, -step]) {
    await made.writeState({ ...state, weights: moved(state.weights, direction, way) });
    losses.push(await lossOf(made, reference));
  }
  expect((losses[0] - losses[1]) / (2 * step) / norm).toBeCloseTo(1, 2); // float32: the slope is the gradient's norm
});

describe("two passes", () => {
  /** aot of weight 0 sends the batch through two passes. */
  const inTwoPasses = (changes: Partial<Objective> = {}) => {
    const losses = [
      { type: "sigmoid" as const, weight: 1 },
      { type: "aot" as const, weight: 0 },
    ];
    return objective("sigmoid", { losses, ...changes });
  };

  test.each([
    ["without dropout", false, {}],
    ["with dropout", true, {}],
    ["with dropout and ld_alpha", true, { ldAlpha: 0.4 }],
  ] as const)("%s: the same scores, loss and gradient as one pass", async (_, dropout, changes) => {
    const one = await gradientOf(await learner(objective("sigmoid", changes), dropout));
    const two = await gradientOf(await learner(inTwoPasses(changes), dropout));
    expect(two.scores).toEqual(one.scores);
    expect(two.loss).toBeCloseTo(one.loss, 6);
    for (const [name, expected] of one.gradient) {
      const { difference, scale } = largestDifference(two.gradient.get(name)!, expected);
      expect(difference, name).toBeLessThan(1e-5 * Math.max(scale, 1));
    }
  });

  test("aot of one pair is DPO; of several it is independent of their order, and not their mean", async () => {
    const [aot, sigmoid] = [await learner(objective("aot")), await learner(objective("sigmoid"))];
    const single = [await gradientOf(aot, pairs.slice(0, 1)), await gradientOf(sigmoid, pairs.slice(0, 1))];
    expect(single[0].loss).toBeCloseTo(single[1].loss, 6);
    const forth = await gradientOf(aot);
    const back = await gradientOf(aot, pairs.toReversed(), REFERENCE.toReversed());
    expect(back.loss).toBeCloseTo(forth.loss, 6);
    for (const [name, expected] of forth.gradient) {
      expect(largestDifference(back.gradient.get(name)!, expected).difference, name).toBeLessThan(1e-5);
      expect(largestDifference(single[0].gradient.get(name)!, single[1].gradient.get(name)!).difference).toBeLessThan(
        1e-5,
      );
    }
    expect(Math.abs(forth.loss - (await gradientOf(sigmoid)).loss)).toBeGreaterThan(1e-3);
  });
});

interface Trained {
  ref_model?: string;
  /** Further columns of a row. */
  columns?: (i: number) => object;
}

describe("whole runs", () => {
  const train = async (name: string, args: DPOConfigInput, { ref_model, columns }: Trained = {}) => {
    const rows = Array.from({ length: 4 }, (_, i) => ({
      prompt: "Why?",
      chosen: ` so ${i}`,
      rejected: " ".repeat(i + 1),
      ...columns?.(i),
    }));
    const trainer = new DPOTrainer({
      model: join(folder, "model"),
      ref_model: ref_model ?? null,
      processing_class: byteTokenizer(),
      args: {
        bf16: false,
        max_length: 64,
        max_steps: 2,
        logging_steps: 1,
        eval_strategy: "epoch",
        beta: 2,
        ...args,
        output_dir: join(folder, name),
      },
      train_dataset: rows,
      eval_dataset: rows,
      logger: keepingLogger().logger,
    });
    try {
      await trainer.train();
      return trainer.state.log_history;
    } finally {
      await trainer.dispose();
    }
  };

  test.each(FREE)("%s: does not run the reference, and has no log-ratios in log and table", async (type) => {
    const made = await learner(objective(type));
    await expect(made.referenceLogps(pairs[0])).rejects.toThrow("internal: these losses have no reference");
    const [first] = await train(type, { loss_type: type, per_device_train_batch_size: 4 });
    // at the first step, log-ratios would be 0; these rewards are beta times the log-probabilities, or their means
    const scale = lossTraits(type).referenceFree === "logps" ? 1 : 6; // " so N" and the token that ends it: 6 tokens
    expect(first["rewards/chosen"]).toBeCloseTo((2 * first["logps/chosen"]) / scale, 4);
    const [header, line] = readFileSync(join(folder, type, MARGINS), "utf8").split("\n");
    const cells = Object.fromEntries(header.split(",").map((name, i) => [name, line.split(",")[i]]));
    expect([cells["ref_logps/chosen"], cells["ref_logps/rejected"]]).toEqual(["", ""]);
    expect(Number(cells["rewards/margins"])).toBeCloseTo(
      Number(cells["rewards/chosen"]) - Number(cells["rewards/rejected"]),
      9,
    );
  });

  test("sppo reads each row's win rates, in training and evaluation", async () => {
    const rates = (i: number) => ({ chosen_probs_win: 0.5 + i / 8, chosen_probs_lose: 0.25 - i / 16 });
    const args = { loss_type: "sppo", beta: 0.5, per_device_train_batch_size: 4, eval_on_start: true } as const;
    const log = await train("sppo", args, { columns: rates });
    // policy and reference are equal at the start: log-ratios are 0
    const terms = [0, 1, 2, 3].flatMap((i) => Object.values(rates(i)).map((rate) => ((rate - 0.5) / 0.5) ** 2 / 2));
    const expected = terms.reduce((sum, term) => sum + term, 0) / 4;
    expect(log[0].eval_loss).toBeCloseTo(expected, 6);
    expect(log.find(({ loss }) => loss !== undefined)?.loss).toBeCloseTo(expected, 6);
  });

  test("sppo without the columns, or with other values, says how sppo_hard differs", async () => {
    const missing = await failure(train("refused", { loss_type: "sppo" }));
    expect(missing).toMatchObject({ code: "data", hint: expect.stringMatching(/sppo_hard .* \(1 and 0\)/) });
    expect(missing.message).toBe(
      "train_dataset row 0: expected the columns chosen_probs_win and chosen_probs_lose for loss_type sppo, " +
        "found prompt, chosen, rejected",
    );
    const columns = () => ({ chosen_probs_win: 60, chosen_probs_lose: 0.1 });
    expect((await failure(train("refused", { loss_type: "sppo" }, { columns }))).message).toBe(
      'train_dataset row 0: expected "chosen_probs_win" to be a number from 0 to 1, found 60',
    );
  });

  test("refuse a reference model", async () => {
    const ref_model = join(folder, "model");
    const error = await failure(train("refused", { loss_type: ["simpo", "orpo"] }, { ref_model }));
    expect(error.message).toBe("ref_model: expected none with loss_type simpo, orpo, which uses no reference model");
  });
});
