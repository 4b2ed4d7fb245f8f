/**
 * @file Public run files of alignment-handbook and of projects built on it (their keys are in ../shared/recipes): which
 * of them reach the download of their data or model, and why the others don't. Here, no hub can be reached.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { furnish } from "./support/furnish.ts";
import { runCommand } from "./support/runCommand.ts";
import { sharedFolder } from "./support/shared.ts";

interface Recipe {
  source: string;
  file: string;
  keys: Record<string, unknown>;
}

const path = join(sharedFolder, "recipes", "recipes.json");
const hasRecipes = existsSync(path);
const needsRecipes = hasRecipes ? "" : " (SKIPPED: ../shared/recipes is absent)";
const recipes: Recipe[] = hasRecipes ? JSON.parse(readFileSync(path, "utf8")) : [];

/** Recipe -> "runs" (up to the hub), or the keys that are refused. */
const OUTCOMES: Readonly<Record<string, string>> = {
  "Meaquadddd/DPO-Shift recipes_llama-3-8b_dpo_config_full_alpacafarm": "dpo_lambda, dataset_splits",
  "Meaquadddd/DPO-Shift recipes_llama-3-8b_dpo_config_full_capybara": "dpo_lambda",
  "Meaquadddd/DPO-Shift recipes_llama-3-8b_orpo_config_full":
    "use_sspo, sspo_lambda_min, sspo_lambda_max, sspo_lambda_scheduler",
  "Meaquadddd/DPO-Shift recipes_qwen-2-7b_dpo_config_full_alpacafarm": "dpo_lambda, dataset_splits",
  "ZIYU-DEEP/eva recipes_constitutional-ai_dpo_config_anthropic": "runs",
  "ZIYU-DEEP/eva recipes_default_config_full_ultrafeedback-Meta-Llama-3.1-8B-Instruct-split-1-iter-1-pair-evol-1-mixed-0.2-0.8-pair":
    "runs",
  "ZIYU-DEEP/eva recipes_default_config_full_ultrafeedback-gemma-1.1-2b-it-split-1-pair": "loss_type",
  "ZIYU-DEEP/eva recipes_default_config_full_ultrafeedback-gemma-2-9b-it-split-1-iter-1-pair-evol-1-mixed-0.2-0.8-pair":
    "runs",
  "ZIYU-DEEP/eva recipes_default_config_full_ultrafeedback-gemma-2-9b-it-split-3-iter-2-pair": "runs",
  "ZIYU-DEEP/eva recipes_default_config_full_ultrafeedback-meta-llama-3.1-8b-it-split-1-iter-1-pair-evol-1-mixed-0.2-0.8-pair":
    "runs",
  "ZIYU-DEEP/eva recipes_default_config_full_ultrafeedback-meta-llama-3.1-8b-it-split-2-iter-1-pair": "runs",
  "ZIYU-DEEP/eva recipes_eva_config_full": "runs",
  "ZIYU-DEEP/eva recipes_iterative-dpo_config_full_NSPLIT3-ultrafeedback-dpo-gemma-2-9b-it-split-1-iter-0-pair": "runs",
  "ZIYU-DEEP/eva recipes_iterative-dpo_config_full_ultrafeedback-dpo-gemma-2-9b-it-split-2-iter-1-pair": "runs",
  "ZIYU-DEEP/eva recipes_iterative-sppo_config_full": "runs",
  "ZIYU-DEEP/eva recipes_misc_config_full_iw": "runs",
  "ZIYU-DEEP/eva recipes_pref_align_scan_dpo_config_openhermes": "runs",
  "ZIYU-DEEP/eva recipes_pref_align_scan_dpo_config_zephyr": "runs",
  "ZIYU-DEEP/eva recipes_zephyr-7b-beta_dpo_config_full": "loss_type",
  "ZIYU-DEEP/eva recipes_zephyr-7b-beta_dpo_config_qlora_ipo": "runs",
  "ZIYU-DEEP/eva recipes_zephyr-7b-beta_dpo_config_qlora_rpo": "loss_type",
  "ZIYU-DEEP/eva recipes_zephyr-7b-gemma_dpo_config_full": "runs",
  "argilla-io/notus v1_fine-tune_configs_dpo_lora_a100_40gb": "runs",
  "huggingface/alignment-handbook recipes_constitutional-ai_dpo_config_anthropic": "runs",
  "huggingface/alignment-handbook recipes_smollm3_dpo_apo": "runs",
  "huggingface/alignment-handbook recipes_starchat2-15b_dpo_config_v0.1": "runs",
  "huggingface/alignment-handbook recipes_zephyr-141b-A35b_orpo_config_full": "runs",
  "huggingface/alignment-handbook recipes_zephyr-7b-beta_dpo_config_qlora": "runs",
  "huggingface/alignment-handbook recipes_zephyr-7b-gemma_dpo_config_full": "runs",
  "huggingface/alignment-handbook tests_fixtures_config_dpo_full": "runs",
  "jkx19/ActiveQueryNew recipes_constitutional-ai_dpo_config_anthropic": "runs",
  "jkx19/ActiveQueryNew recipes_zephyr-7b-beta_dpo_config_qlora": "data_selection, Gamma",
  "junkangwu/alpha-DPO training_configs_llama-3-8b-instruct-alpha-dpo": "alpha, ln, trainer_type, loss_type",
  "junkangwu/alpha-DPO training_configs_llama-3-8b-instruct-alpha-dpo-v2": "alpha, ln, trainer_type, loss_type",
  "junkangwu/alpha-DPO training_configs_mistral-7b-instruct-alpha-dpo": "alpha, ln, trainer_type, loss_type",
  "princeton-nlp/SimPO training_configs_gemma-2-9b-it-simpo": "runs",
  "princeton-nlp/SimPO training_configs_llama-3-8b-base-simpo": "runs",
  "princeton-nlp/SimPO training_configs_llama-3-8b-instruct-simpo": "runs",
  "princeton-nlp/SimPO training_configs_llama-3-8b-instruct-simpo-v2": "runs",
  "princeton-nlp/SimPO training_configs_mistral-7b-base-simpo": "runs",
  "princeton-nlp/SimPO training_configs_mistral-7b-instruct-simpo": "runs",
  "uclaml/SPPO recipes_uclaml-sppo_config_full": "loss_type",
  "uclaml/SPPO recipes_zephyr-7b-beta_dpo_config_full": "loss_type",
  "uclaml/SPPO recipes_zephyr-7b-beta_dpo_config_qlora_rpo": "loss_type",
};

let folder: string;
let before: { place: string; offline: string | undefined; home: string | undefined };
beforeAll(() => {
  const { HF_HUB_OFFLINE: offline, HF_HOME: home } = process.env;
  before = { place: process.cwd(), offline, home };
  folder = mkdtempSync(join(tmpdir(), "prefine-recipes-"));
  process.chdir(folder);
  Object.assign(process.env, { HF_HUB_OFFLINE: "1", HF_HOME: join(folder, "hub") });
});
afterAll(() => {
  process.chdir(before.place);
  for (const [name, value] of Object.entries({ HF_HUB_OFFLINE: before.offline, HF_HOME: before.home })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** "runs", or the keys that are refused in the order of the message. */
async function outcomeOf(keys: object): Promise<string> {
  writeFileSync("recipe.yaml", JSON.stringify(keys));
  const { code, stderr } = await runCommand("train", "--config", "recipe.yaml");
  expect(code).toBe(1);
  const error = stderr.slice(stderr.search(/^error: /m));
  if (/^error: (dataset|model) [\w./-]+: not in the cache .* HF_HUB_OFFLINE forbids downloads/.test(error))
    return "runs";
  const [problems] = error.replace(/^error: recipe\.yaml:/, "").split(/\n(?! )/);
  return problems
    .trim()
    .split("\n")
    .map((line) => line.trim().split(":")[0])
    .join(", ");
}

describe(`public recipes${needsRecipes}`, () => {
  it.skipIf(!hasRecipes)("are the ones in the table", () => {
    expect(recipes.map(({ source, file }) => `${source} ${file}`).toSorted()).toEqual(Object.keys(OUTCOMES).toSorted());
  });

  it.each(recipes)("$source $file", async ({ source, file, keys }) => {
    expect(await outcomeOf(keys)).toBe(OUTCOMES[`${source} ${file}`]);
  });
});

describe("recipes of our own", () => {
  const user = (content: string) => ({ role: "user", content });
  const assistant = (content: string) => ({ role: "assistant", content });
  const row = (i: number) => ({
    prompt: `${i} + 1?`,
    prompt_id: `p${i}`,
    chosen: [user(`${i} + 1?`), assistant(`${i + 1}`)],
    rejected: [user(`${i} + 1?`), assistant("no")],
  });
  const KEYS = {
    model_name_or_path: "model",
    dataset_mixer: { sums: 0.5 },
    dataset_splits: ["train_prefs", "test_prefs"],
    preprocessing_num_workers: 1,
    bf16: true,
    beta: 0.01,
    optim: "rmsprop",
    learning_rate: "5.0e-7",
    max_steps: 1,
    per_device_train_batch_size: 2,
    do_eval: true,
    evaluation_strategy: "steps",
    eval_steps: 0.5,
    save_strategy: "no",
    disable_tqdm: true,
  };

  beforeAll(async () => {
    await furnish(folder);
    mkdirSync("sums/data", { recursive: true });
    for (const [split, count] of Object.entries({ train_prefs: 8, test_prefs: 2 })) {
      const rows = Array.from({ length: count }, (_, i) => `${JSON.stringify(row(i))}\n`).join("");
      writeFileSync(`sums/data/${split}-00000-of-00001.jsonl`, rows);
    }
  });

  it("dataset_mixer trains on conversations beside a text, with alignment-handbook's template", async () => {
    writeFileSync("own.yaml", JSON.stringify({ ...KEYS, output_dir: "mixed" }));
    const { code, stdout, stderr } = await runCommand("train", "--config", "own.yaml");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^mixed: trained for 1 step/);
    expect(readFileSync("mixed/chat_template.jinja", "utf8")).toContain("<|assistant|>");
    const { log_history } = JSON.parse(readFileSync("mixed/trainer_state.json", "utf8"));
    expect(log_history.some((entry: object) => "eval_loss" in entry)).toBe(true);
    const settings = JSON.parse(readFileSync("mixed/training_args.json", "utf8"));
    expect(settings).toMatchObject({ dataset_splits: ["train_prefs", "test_prefs"], dataset_train_split: "train" });
    expect(Object.values(settings.dataset_mixer)).toEqual([0.5]);
  });

  it("use_peft on a model that is an adapter says to merge it, before the base model is looked for", async () => {
    mkdirSync("adapter", { recursive: true });
    writeFileSync("adapter/adapter_config.json", JSON.stringify({ base_model_name_or_path: "some/where" }));
    writeFileSync("own.yaml", JSON.stringify({ ...KEYS, model_name_or_path: "adapter", use_peft: true }));
    const { code, stderr } = await runCommand("train", "--config", "own.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "error: model_name_or_path adapter: expected a whole model with use_peft: true, found an adapter",
    );
    expect(stderr).toContain("prefine merge adapter --output_dir adapter-merged");
  });

  it("dataset_mixture trains on its columns, with a template and a tokenizer of the run's own", async () => {
    const { dataset_mixer, dataset_splits, ...keys } = KEYS;
    const set = { id: "sums", split: "train_prefs", columns: ["chosen", "rejected"], weight: 0.5 };
    const template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}";
    const dataset_mixture = { datasets: [set, { ...set, split: "test_prefs", weight: 1 }], test_split_size: 2 };
    const own = { ...keys, dataset_mixture, chat_template: template, tokenizer_name_or_path: "model" };
    writeFileSync("own.yaml", JSON.stringify({ ...own, output_dir: "mixture" }));
    expect(await runCommand("train", "--config", "own.yaml")).toMatchObject({ code: 0 });
    expect(readFileSync("mixture/chat_template.jinja", "utf8")).toBe(template);
  });
});
