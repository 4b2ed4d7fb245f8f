/** @file A process that runs training's forward pass over 1,000 tokens in float32; prints { seconds }. */
import { openDevice } from "../src/device/openDevice.ts";
import { createLearner } from "../src/dpo/engineLearner.ts";
import { loraAdapter } from "../src/models/adapters/lora.ts";
import { loadModel } from "../src/pretrained/loadModel.ts";
import { objective } from "../test/support/objective.ts";
import { packedPair } from "../test/support/packedPair.ts";
import { PREFILL_TOKENS, PROMPT_IDS } from "./generationSettings.ts";

const RUNS = 4;

const model = await loadModel(process.argv[2]);
const adapter = loraAdapter(model.architecture, {
  ...{ r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: ["q_proj"] },
});
const learner = await createLearner(
  {
    ...{ model, adapter, objective: objective(), dropout: false, seed: 0 },
    optimizer: { settings: { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8 }, weightDecay: () => 0 },
  },
  await openDevice(),
);
const prompt = Array.from({ length: PREFILL_TOKENS - 4 }, (_, i) => PROMPT_IDS[i % PROMPT_IDS.length]);
const pair = packedPair(prompt, [11, 13], [1097, 30]); // the head is computed for few tokens, as in a prompt
let seconds = Number.POSITIVE_INFINITY;
for (let run = 0; run < RUNS; run++) {
  const before = performance.now();
  await learner.referenceLogps(pair);
  seconds = Math.min(seconds, (performance.now() - before) / 1000);
}
await learner.dispose();
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
