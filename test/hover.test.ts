/** @file An editor's texts for options at the cursor: help, default, difference from TRL; old names; completions. */
import { beforeAll, describe, expect, test } from "vitest";
import { LOSS_NAMES } from "../src/config/options/lossTypes.ts";
import { Editor } from "./support/editor.ts";

const PROGRAM = `
import {
  AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, DPOConfig, type DPOConfigInput, DPOTrainer, GenerationConfig,
  LoraConfig, loadDataset, merge_and_unload, pipeline, runFrom,
} from "prefine";
const args = new DPOConfig({
  beta: 0.1, loss_type: "ipo", learning_rate: 1e-5, bf16: false, optim: "adamw_torch", padding_free: true,
  evaluation_strategy: "no", rpo_alpha: 1, fp16_backend: null, simpo_gamma: 1,
});
const made = args.beta;
const lora = new LoraConfig({ r: 8, target_modules: "all-linear", task_type: "CAUSAL_LM", use_rslora: true });
const bits = new BitsAndBytesConfig({ load_in_4bit: true, bnb_4bit_quant_type: "nf4", load_in_8bit: false });
const choice = new GenerationConfig({ num_beams: 1, temperature: 1, seed: 1, stop_strings: "." });
const old: DPOConfigInput = {};
old.evaluation_strategy;
const ds = await loadDataset("trl-lib/ultrafeedback_binarized", { split: "train", data_files: "x.jsonl", revision: "main" });
const model = await AutoModelForCausalLM.from_pretrained("gpt2", { revision: "main", quantization_config: bits });
const tokenizer = await AutoTokenizer.from_pretrained("gpt2", { token: "hf_" });
const trainer = new DPOTrainer({
  model, ref_model: null, args, train_dataset: ds.train, eval_dataset: ds.test, processing_class: tokenizer,
  peft_config: lora, compute_metrics: null, tokenizer,
});
await trainer.train({ resume_from_checkpoint: true });
await model.generate("Once", { max_new_tokens: 20, signal: undefined });
const generate = await pipeline("text-generation", { model, batch_size: 8, return_full_text: false });
await merge_and_unload("dpo", { output_dir: "merged", dtype: "float32" });
runFrom({ model_name_or_path: "gpt2", use_peft: true, dataset_name: "x", torch_dtype: "float32" });
export { made, choice, generate };
`;

const withoutStars = (text: string) => text.replace(/\n\s*\*( |$)?/gm, " ").replace(/\s+/g, " ");

describe("in an editor", () => {
  let editor: Editor;
  beforeAll(() => {
    editor = new Editor(PROGRAM);
  });

  test("a program with options of all configs has no error", () => {
    expect(editor.errors()).toEqual([]);
  });

  test.each([
    ["DPOConfig({", "beta", "Default: `0.1`. Same as TRL."],
    ["DPOConfig({", "loss_type", 'Default: `["sigmoid"]`. Differs from TRL:'],
    ["DPOConfig({", "learning_rate", "Default: `1e-6`. Same as TRL."],
    ["DPOConfig({", "bf16", "Default: `null`. Differs from TRL:"],
    ["DPOConfig({", "optim", 'Default: `"adamw_torch_fused"`. Same as TRL. Not built: '],
    ["DPOConfig({", "padding_free", "Default: `false`. No effect: prefine never pads"],
    ["DPOConfig({", "simpo_gamma", "Default: `0.5`. Prefine's own."],
    ["made = args.", "beta", "Default: `0.1`. Same as TRL."],
    ["LoraConfig({", "r", "Default: `8`. Same as PEFT."],
    ["LoraConfig({", "target_modules", "Default: `null`. Differs from PEFT:"],
    ["LoraConfig({", "task_type", "Default: `null`. Same as PEFT. Not built: SEQ_CLS"],
    ["LoraConfig({", "use_rslora", "Default: `false`. Same as PEFT."],
    ["BitsAndBytesConfig({", "load_in_4bit", "Default: `false`. Same as transformers."],
    ["BitsAndBytesConfig({", "load_in_8bit", "Default: `false`. Differs from transformers:"],
    ["BitsAndBytesConfig({", "bnb_4bit_quant_type", 'Default: `"fp4"`. Same as transformers.'],
    ["GenerationConfig({", "num_beams", "Default: the model's, else `1`. Same as transformers."],
    ["GenerationConfig({", "temperature", "Default: the model's, else `1`. Same as transformers."],
    ["GenerationConfig({", "seed", "Prefine's own."],
    ["GenerationConfig({", "stop_strings", "Default: the model's, else unset. Same as transformers."],
    ["runFrom({", "model_name_or_path", "Default: `null`. Same as TRL."],
    ["runFrom({", "use_peft", "Default: `false`. Same as TRL."],
    ["loadDataset(", "split", "Default: all splits. Differs from datasets:"],
    ["loadDataset(", "data_files", "Default: found by name. Same as datasets."],
    ["loadDataset(", "revision", 'Default: `"main"`. Same as datasets.'],
    ["CausalLM.from_pretrained(", "revision", 'Default: `"main"`. Same as transformers.'],
    ["CausalLM.from_pretrained(", "quantization_config", "any other model as in the files. Same as transformers."],
    ["Tokenizer.from_pretrained(", "token", "Default: HF_TOKEN, then the token file"],
    ["DPOTrainer({", "model", "Required. Same as TRL."],
    ["DPOTrainer({", "ref_model", "Default: `null`. Same as TRL."],
    ["DPOTrainer({", "train_dataset", "Required. Same as TRL."],
    ["DPOTrainer({", "eval_dataset", "Default: `null`. Same as TRL."],
    ["DPOTrainer({", "processing_class", "Default: the model's. Same as TRL."],
    ["DPOTrainer({", "peft_config", "Default: `null`. Same as TRL."],
    ["DPOTrainer({", "compute_metrics", "Default: `null`. Differs from TRL: it gets"],
    ["trainer.train({", "resume_from_checkpoint", "Default: args.resume_from_checkpoint. Same as transformers."],
    ["model.generate(", "max_new_tokens", "Default: the model's, else unset. Same as transformers."],
    ["model.generate(", "signal", "Default: never stopped. Prefine's own."],
    ['pipeline("text-generation",', "batch_size", "Default: `8`. Differs from transformers: its default is 1."],
    ['pipeline("text-generation",', "return_full_text", "Default: `true`. Same as transformers."],
    ["merge_and_unload(", "output_dir", 'Default: the run\'s with "-merged" appended. PEFT:'],
    ["merge_and_unload(", "dtype", "tensor by tensor. transformers' `dtype`."],
  ])(
    "%s ... %s shows help, default and difference from TRL, and so do the built declarations",
    (after, name, standing) => {
      const { docs, type } = editor.hover(after, name);
      expect(type).toContain(name);
      expect(docs.replaceAll("\n", " ")).toContain(standing);
      expect(docs, "help before the default").toMatch(/^[A-Z](.|\n(?!\n)){5,}\.\n\n(Default: |Required\. )/);
      expect(withoutStars(editor.declared(after, name))).toContain(withoutStars(docs));
    },
  );

  test("old names are struck through, with the name to use instead", () => {
    expect(editor.hover("DPOConfig({", "evaluation_strategy").tags.deprecated).toBe("Use eval_strategy instead.");
    expect(editor.hover("DPOConfig({", "rpo_alpha").tags.deprecated).toBe(
      "Use loss_type [sigmoid, sft] with loss_weights [1, rpo_alpha] instead.",
    );
    expect(editor.hover("DPOConfig({", "fp16_backend").tags.deprecated).toMatch(/^No effect: /);
    expect(editor.hover("runFrom({", "torch_dtype").tags.deprecated).toBe("Use dtype instead.");
    expect(editor.hover("DPOTrainer({", "tokenizer").tags.deprecated ?? "").toBe("");
    expect(editor.hover("compute_metrics: null,", "tokenizer").tags.deprecated).toBe("Use processing_class instead.");
    expect(editor.struckThrough()).toEqual(["evaluation_strategy"]);
    expect(editor.completions("old.")).toContain("-evaluation_strategy");
  });

  test("options that are not built are not offered", () => {
    expect(editor.completions('loss_type: "').sort()).toEqual([...LOSS_NAMES].sort());
    const optimizers = editor.completions('optim: "');
    expect(optimizers).toContain("adamw_8bit");
    expect(optimizers).not.toContain("lomo");
    expect(editor.completions('task_type: "')).toEqual(["CAUSAL_LM"]);
    const options = editor.completions("DPOConfig({");
    expect(options).toEqual(expect.arrayContaining(["max_length", "-warmup_ratio"]));
    expect(options).not.toContain("parallelism_config");
    expect(editor.completions("LoraConfig({")).not.toContain("use_qalora");
  });
});
