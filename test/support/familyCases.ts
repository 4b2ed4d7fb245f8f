/**
 * @file The cases of test/fixtures/families.json (scripts/make_families_fixture.py): configs of the model families with
 * the values that transformers and PEFT compute for them. Weights are drawn by name, as the maker draws them.
 */
import { readFileSync } from "node:fs";
import { pairFeeds } from "../../src/dpo/pairFeeds.ts";
import { packedGraphInputs, stepGraph } from "../../src/dpo/pairGraphs.ts";
import { div, gemm, input, mul, tanh } from "../../src/engine/graph/index.ts";
import { lowerGraph } from "../../src/engine/onnx/lower.ts";
import type { Device, HostTensor } from "../../src/engine/runtime/device.ts";
import { float32 } from "../../src/engine/runtime/hostTensor.ts";
import type { SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { adapterTensors, type LoraAdapter, loraAdapter } from "../../src/models/adapters/lora.ts";
import { buildNetwork } from "../../src/models/buildNetwork.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { Architecture } from "../../src/models/network.ts";
import { packedAttention } from "../../src/models/packedAttention.ts";
import { AutoModelForCausalLM } from "../../src/pretrained/autoModel.ts";
import { Mt19937 } from "../../src/random.ts";
import { wholeGradient } from "./gradients.ts";
import { objective } from "./objective.ts";
import { packedPair } from "./packedPair.ts";
import { writeModel } from "./randomModel.ts";
import { host } from "./runGraph.ts";

interface StepValues {
  loss: number;
  /** For each gradient, in the order of the names: its norm, and the sum of its entries with random signs. */
  gradients: number[];
}

export interface FamilyCase extends Partial<StepValues> {
  name: string;
  config: Record<string, unknown>;
  /** The error of transformers, which does not run this config. */
  fails?: string;
  /** Of the tokens of both answers. */
  logps?: number[];
  /** After the last token of the chosen answer. */
  logits?: number[];
  greedy?: number[][];
  alone?: number[][];
  beams?: number[][];
  lora?: StepValues;
}

export interface FamilyFixture {
  pair: [prompt: number[], chosen: number[], rejected: number[]];
  prompts: number[][];
  new_tokens: number;
  reference_delta: number;
  cases: FamilyCase[];
}

export function readFamilyCases(): FamilyFixture {
  return JSON.parse(readFileSync(new URL("../fixtures/families.json", import.meta.url), "utf8")) as FamilyFixture;
}

/** torch.rand(shape) * 2 - 1 of a generator that is seeded by the name. */
function uniform(name: string, count: number): Float32Array {
  let seed = 0;
  for (const letter of name) seed = (seed * 31 + letter.charCodeAt(0)) % 2 ** 31;
  return new Mt19937(seed).uniform(new Float32Array(count)).map((value) => value * 2 - 1);
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
const scaled = (values: Float32Array, factor: number, offset = 0) =>
  values.map((value) => Math.fround(value * Math.fround(factor)) + offset);

/** The weights that the maker gives a parameter. */
function weightOf(name: string, shape: readonly number[], family: string): Float32Array {
  const values = uniform(name, sizeOf(shape));
  const isGemma = family.startsWith("gemma");
  if (shape.length === 2) {
    return scaled(values, name.includes("embed") && (isGemma || family === "granite") ? 0.1 : 0.4);
  }
  const isNorm = name.toLowerCase().includes("norm") && name.endsWith("weight");
  return isNorm ? scaled(values, 0.2, isGemma ? 0 : 1) : scaled(values, 0.1);
}

type Weights = Map<string, HostTensor>;

function weightsOf({ parameters, modelType }: Architecture): Weights {
  return new Map(
    [...parameters].map(([name, shape]) => [name, float32({ shape, data: weightOf(name, shape, modelType) })]),
  );
}

const adapterWeights = (adapter: LoraAdapter): Weights =>
  new Map(
    adapterTensors(adapter).map(({ name, shape }) => {
      return [name, float32({ shape, data: scaled(uniform(name, sizeOf(shape)), 0.2) })];
    }),
  );

/** What a case says of one step, computed here. */
async function stepValues(
  device: Device,
  { architecture, adapter, weights }: { architecture: Architecture; adapter: LoraAdapter | null; weights: Weights },
  { pair: [prompt, chosen, rejected], reference_delta }: FamilyFixture,
): Promise<Required<Pick<FamilyCase, keyof StepValues | "logps" | "logits">>> {
  const pair = packedPair(prompt, chosen, rejected);
  const feeds = { ...Object.fromEntries(weights), ...pairFeeds(pair) };
  const inputs = packedGraphInputs();
  const net = buildNetwork(architecture, { adapter, attend: packedAttention(inputs.positions, inputs.sizes) });
  const { tokens, positions } = inputs;
  const hidden = architecture.forward(net, { tokens, positions, rows: input("rows", tokens.shape, "int32") });
  const products = gemm(hidden, net.weight(architecture.head), null, { transB: true });
  const cap = architecture.logitsCap;
  const bounded = cap === undefined ? products : mul(tanh(div(products, cap)), cap);
  const all = await run(device, lowerGraph({ logits: bounded }), {
    ...feeds,
    rows: host([...pair.tokens.keys()], [pair.tokens.length], "int32"),
  });
  const logits = all.get("logits")?.data as Float32Array;
  const size = architecture.vocabSize;
  const row = (index: number) => [...logits.subarray(index * size, (index + 1) * size)];
  const trainable = adapter ? adapterTensors(adapter).map(({ name }) => name) : [...architecture.parameters.keys()];
  const plain = { frozenHead: adapter !== null, ldAlpha: null, useWeighting: false, dropout: false };
  const graph = stepGraph({ architecture, adapter, trainable, ...plain }, objective());
  const outputs = await run(device, graph, {
    ...feeds,
    referenceChosen: host([reference_delta], [1]),
    referenceRejected: host([0], [1]),
    ...(adapter ? { headMean: headMean(architecture, weights) } : {}),
  });
  const gradients = trainable.toSorted().flatMap((name) => {
    const tensor = weights.get(name) as HostTensor;
    return sketch(name, wholeGradient(graph, outputs, { tensor: name, size: tensor.data.length }));
  });
  const [s, c] = [prompt.length, chosen.length];
  return {
    loss: Number(outputs.get("loss")?.data[0]),
    logps: [...pair.predictFrom].map((from, i) => logSoftmax(row(from))[pair.labels[i]]),
    logits: row(s + c - 1),
    gradients,
  };
}

async function run(device: Device, graph: Parameters<Device["open"]>[0], feeds: Record<string, HostTensor>) {
  const session = await device.open(graph, "case");
  const used = Object.fromEntries(graph.inputs.map(({ name, of }) => [name, feeds[of]]));
  const outputs = await session.run(used);
  await session.release();
  return outputs;
}

function headMean({ head, hiddenSize, vocabSize }: Architecture, weights: Weights): HostTensor {
  const rows = weights.get(head)?.data as Float32Array;
  const mean = Float64Array.from({ length: hiddenSize }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < vocabSize; row++) sum += rows[row * hiddenSize + column];
    return sum / vocabSize;
  });
  return float32({ shape: [1, hiddenSize], data: Float32Array.from(mean) });
}

function logSoftmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const sum = row.reduce((total, value) => total + Math.exp(value - top), 0);
  return row.map((value) => value - top - Math.log(sum));
}

function sketch(name: string, gradient: Float32Array): [norm: number, signed: number] {
  const signs = uniform(`${name}.signs`, gradient.length);
  let [squares, signed] = [0, 0];
  for (const [i, value] of gradient.entries()) {
    squares += value * value;
    signed += value * Math.sign(signs[i]);
  }
  return [Math.sqrt(squares), signed];
}

const settings = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: "all-linear" };

/** @returns what differs. @param names of the trained tensors, in their order. */
function compareSteps(where: string, names: readonly string[], found: StepValues, expected: StepValues): string[] {
  const close = (name: string, own: number, value: number, within: number) =>
    Math.abs(own - value) <= within ? [] : [`${where}${name}: ${own}, expected ${value}`];
  if (found.gradients.length !== expected.gradients.length) return [`${where}other tensors`];
  return [
    ...close("loss", found.loss, expected.loss, 5e-6 * Math.max(1, expected.loss)),
    ...names.flatMap((name, i) => {
      const [norm, signed] = expected.gradients.slice(2 * i, 2 * i + 2);
      const [ownNorm, ownSigned] = found.gradients.slice(2 * i, 2 * i + 2);
      return [
        ...close(`norm of ${name}`, ownNorm, norm, 1e-4 * norm),
        ...close(`gradient of ${name}`, ownSigned, signed, 1e-4 * norm),
      ];
    }),
  ];
}

function compareNumbers(name: string, found: readonly number[], expected: readonly number[]): string[] {
  const wrong = expected.findIndex((value, i) => !(Math.abs(found[i] - value) <= 1e-4));
  return wrong < 0 ? [] : [`${name} ${wrong}: ${found[wrong]}, expected ${expected[wrong]}`];
}

/** @returns what differs; [] for a case that transformers runs and that is equal here. */
export async function compareCase(device: Device, example: FamilyCase, fixture: FamilyFixture): Promise<string[]> {
  const architecture = architectureOf(example.config, "config.json");
  const base = weightsOf(architecture);
  const full = await stepValues(device, { architecture, adapter: null, weights: base }, fixture);
  const adapter = loraAdapter(architecture, settings);
  const own = adapterWeights(adapter);
  const weights = new Map([...base, ...own]);
  const lora = await stepValues(device, { architecture, adapter, weights }, fixture);
  return [
    ...compareNumbers("logits", full.logits, example.logits ?? []),
    ...compareNumbers("logps", full.logps, example.logps ?? []),
    ...compareSteps("", [...base.keys()].toSorted(), full, example as StepValues),
    ...compareSteps("LoRA: ", [...own.keys()].toSorted(), lora, example.lora as StepValues),
  ];
}

/** @returns which generated ids differ from transformers'. @param folder an empty one */
export async function compareGeneration(
  folder: string,
  example: FamilyCase,
  { prompts, new_tokens }: FamilyFixture,
): Promise<string[]> {
  const { parameters, modelType } = architectureOf(example.config, "config.json");
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, shape] of parameters) {
    tensors.set(name, { dtype: "F32", shape: [...shape], data: weightOf(name, shape, modelType) });
  }
  await writeModel(folder, example.config, tensors);
  const model = await AutoModelForCausalLM.from_pretrained(folder);
  const options = { max_new_tokens: new_tokens, do_sample: false, pad_token_id: 0, eos_token_id: null };
  const kinds: [name: "greedy" | "alone" | "beams", inputs: number[][], num_beams: number][] = [
    ["greedy", prompts, 1],
    ["alone", prompts.slice(0, 1), 1],
    ["beams", prompts, 3],
  ];
  const differences: string[] = [];
  for (const [kind, inputs, num_beams] of kinds) {
    const outputs = await model.generate(inputs, { ...options, num_beams });
    const found = JSON.stringify(outputs.completions);
    if (found !== JSON.stringify(example[kind])) {
      differences.push(`${kind}: ${found}, expected ${JSON.stringify(example[kind])}`);
    }
  }
  await model.dispose();
  return differences;
}
