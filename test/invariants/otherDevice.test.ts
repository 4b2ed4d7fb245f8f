/**
 * @file Devices other than the CPU: their graphs use none of the CPU's own kernels and give the same numbers, and a
 * training starts only where loss and gradients of a pair are the CPU's. The devices here are the CPU with a fault;
 * the last test is a real one, where there is an adapter.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDevice } from "../../src/device/openDevice.ts";
import { compareDevices } from "../../src/dpo/compareDevices.ts";
import { createLearner } from "../../src/dpo/engineLearner.ts";
import type { LearnerOptions } from "../../src/dpo/learnerOptions.ts";
import { nodePlatform } from "../../src/dpoTrainer.ts";
import type { DeviceOptions } from "../../src/engine/node/threadDevice.ts";
import type { Device, HostTensor } from "../../src/engine/runtime/device.ts";
import type { PrefineError } from "../../src/errors.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { byteTokenizer } from "../support/byteTokenizer.ts";
import { objective } from "../support/objective.ts";
import { failure } from "../support/outcomes.ts";
import { ADAMW, packed } from "../support/randomGpt2.ts";
import { FAMILIES, randomModel } from "../support/randomModel.ts";
import { graphsOpenedBy } from "../support/recordingDevice.ts";
import { keepingLogger } from "../support/toyTrainer.ts";

const folder = mkdtempSync(join(tmpdir(), "prefine-other-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const LORA = { r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: "all-linear" };
const rows = [
  { prompt: "1?", chosen: "yes, one", rejected: "no, not 1" },
  { prompt: "2?", chosen: "yes, two", rejected: "no, not 2" },
];
const families = Object.keys(FAMILIES);
const models = new Map<string, Promise<LoadedModel>>();
function modelOf(family: string): Promise<LoadedModel> {
  const model = models.get(family) ?? randomModel(join(folder, family), { ...FAMILIES[family], vocab_size: 257 });
  models.set(family, model);
  return model;
}

/** What a faulty device does to the outputs of a run, and to the stored gradients that it may read and put. */
interface Fault {
  outputs?: (outputs: Map<string, HostTensor>) => void;
  gradients?: (name: string, data: Float32Array) => void;
}

/** The CPU, as a device that says it is another. */
async function otherDevice({ outputs: change, gradients }: Fault, opened: Device[]): Promise<Device> {
  const device = await openDevice({ providers: [] });
  const other: Device = Object.create(device);
  other.runtime = async () => ({ ...(await device.runtime()), otherProviders: ["abacus"] });
  other.open = async (graph, name) => {
    const session = await device.open(graph.forOthers(), name);
    if (name !== "step") return session;
    return {
      release: () => session.release(),
      run: async (feeds, fetches = {}) => {
        const outputs = await session.run(feeds, fetches);
        change?.(outputs);
        const of = (output: string) => (typeof fetches === "function" ? fetches(output) : fetches[output]);
        for (const { name } of graph.outputs) {
          const fetch = of(name);
          if (!gradients || typeof fetch !== "object" || !("into" in fetch)) continue;
          const [tensor] = await device.read([fetch.into]);
          gradients(fetch.into, tensor.data as Float32Array);
          await device.put([[fetch.into, tensor]]);
        }
        return outputs;
      },
    };
  };
  opened.push(other);
  return other;
}

const learnerOptions = async (family: string): Promise<LearnerOptions> => {
  const model = await modelOf(family);
  return {
    model,
    adapter: loraAdapter(model.architecture, LORA),
    objective: objective(),
    optimizer: { settings: ADAMW, weightDecay: () => 0 },
    dropout: false,
    seed: 1,
  };
};

const ids = (length: number, step: number) => Array.from({ length }, (_, i) => (i * step) % 250);
const pair = packed({ prompt_ids: ids(9, 7), chosen_ids: ids(12, 11), rejected_ids: ids(8, 13) });

/** Compares one pair on a faulty device. */
async function compare(family: string, fault: Fault): Promise<void> {
  const options = await learnerOptions(family);
  const tested = await createLearner(options, await otherDevice(fault, []));
  const cpu = await createLearner(options, await openDevice({ providers: [] }));
  try {
    await compareDevices({ tested, cpu, where: "abacus" }, pair);
  } finally {
    await tested.dispose();
    await cpu.dispose();
  }
}

test.each(families)("the graphs of %s for others have no norm with the CPU's further outputs", async (family) => {
  const options = await learnerOptions(family);
  const graphs = await graphsOpenedBy((device) => createLearner(options, device));
  const kinds = graphs.map((graph) => new Set(graph.forOthers().model.nodes.map(({ type }) => type)));
  expect(graphs.length).toBeGreaterThan(3);
  expect(kinds.filter((types) => types.has("Sqrt")).length).toBeGreaterThan(2);
  for (const types of kinds) expect([...types].filter((type) => type.endsWith("LayerNormalization"))).toEqual([]);
  for (const graph of graphs) {
    const { inputs, outputs } = graph.forOthers();
    expect({ inputs, outputs }).toEqual({ inputs: graph.inputs, outputs: graph.outputs });
  }
});

test.each(families)("the graphs of %s for others give the CPU's loss and gradients", async (family) => {
  await compare(family, {});
});

const B = "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight";
const isB = (name: string) => name.endsWith(B);
const named = new RegExp(`^abacus: expected the CPU's gradient of ${B.replaceAll(".", "\\.")} for a pair, found`);

test.each<[string, Fault, RegExp]>([
  [
    "one number of one gradient is 2e-4 of the tensor's largest off",
    {
      gradients: (name, data) => {
        if (isB(name)) data[3] += 2e-4 * data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      },
    },
    named,
  ],
  ["a gradient is zero", { gradients: (name, data) => void (isB(name) && data.fill(0)) }, named],
  [
    "a gradient is not finite",
    { gradients: (name, data) => void (isB(name) && data.fill(Number.NaN, 0, 1)) },
    /differ by up to Infinity/,
  ],
  [
    "the loss is 1e-4 off",
    {
      outputs: (outputs) => {
        const loss = outputs.get("loss")?.data as Float32Array;
        loss[0] *= 1 + 1e-4;
      },
    },
    /^abacus: expected the CPU's loss of a pair, 0\.69\d+, found 0\.69/,
  ],
])("a device is refused where %s", async (_, fault, message) => {
  const error = await failure(compare("llama", fault));
  expect(error.message).toMatch(message);
  expect(error).toMatchObject({ code: "training", hint: expect.stringContaining("PREFINE_EXECUTION_PROVIDERS") });
});

/** A training on Llama. @param open opens its devices, and records them. */
async function train(open: (opened: Device[], options?: DeviceOptions) => Promise<Device>) {
  const opened: Device[] = [];
  const { logger, lines } = keepingLogger();
  const output_dir = mkdtempSync(join(folder, "run-"));
  const options = {
    model: await modelOf("llama"),
    processing_class: byteTokenizer(),
    train_dataset: rows,
    peft_config: LORA,
    args: { output_dir, bf16: false, max_steps: 1, save_strategy: "no" as const, report_to: "none" as const },
    logger,
  };
  const openDevice = (options?: DeviceOptions) => open(opened, options);
  const trainer = new Trainer(options, { ...nodePlatform, openDevice });
  const error = await trainer.train().then(
    () => undefined,
    (reason: PrefineError) => reason,
  );
  await trainer.dispose();
  return { error, opened, text: lines.join("\n"), files: readdirSync(output_dir) };
}

async function openCpu(opened: Device[], options?: DeviceOptions): Promise<Device> {
  const device = await openDevice(options);
  opened.push(device);
  return device;
}

test("a training on the CPU compares nothing and opens no second device", async () => {
  const { error, opened, text } = await train(openCpu);
  expect(error).toBeUndefined();
  expect(opened).toHaveLength(1);
  expect(text).not.toContain("agree with the CPU's");
});

test("a training elsewhere says that the device agrees, or ends before its first step", async () => {
  const on = (fault: Fault) => (opened: Device[], options?: DeviceOptions) =>
    options?.providers ? openCpu(opened, options) : otherDevice(fault, opened);
  const good = await train(on({}));
  expect(good.error).toBeUndefined();
  expect(good.text).toContain("abacus: loss and gradients of the first pair agree with the CPU's");
  const bad = await train(on({ gradients: (name, data) => void (isB(name) && data.fill(0)) }));
  expect(bad.error).toMatchObject({ code: "training", message: expect.stringContaining(B) });
  expect(bad.files).toEqual([]);
  expect(bad.opened).toHaveLength(2);
  for (const device of bad.opened) await expect(device.read([])).rejects.toThrow("has ended"); // disposed of
});

/** Vulkan's driver, such as SwiftShader's: VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json. */
const driver = process.env.VK_ICD_FILENAMES ?? "";
test.skipIf(!existsSync(driver))(
  "WebGPU trains Llama, where VK_ICD_FILENAMES names a driver",
  async () => {
    const { error, text } = await train((opened, options) => openCpu(opened, { providers: ["webgpu"], ...options }));
    expect(error).toBeUndefined();
    expect(text).toContain("webgpu: loss and gradients of the first pair agree with the CPU's");
  },
  600_000,
);
