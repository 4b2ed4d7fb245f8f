/** @file The model card: front matter that parses, the Trainer's wording, and nothing that should stay at home. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DPOConfig } from "../config/DPOConfig.ts";
import type { CardSettings } from "./cardHyperparameters.ts";
import { cardName } from "./cardText.ts";
import { type ModelCardInput, modelCard } from "./modelCard.ts";

const settings = DPOConfig({
  output_dir: "dpo",
  num_train_epochs: 2,
  per_device_train_batch_size: 1,
  per_device_eval_batch_size: 1,
  gradient_accumulation_steps: 4,
  learning_rate: 1e-4,
  warmup_steps: 2,
});

const INPUT: ModelCardInput = {
  model_name: "dpo",
  base_model: { name: "gpt2", isOnHub: true },
  isOnGguf: false,
  hasChatTemplate: false,
  adapter: { r: 4, lora_alpha: 8, lora_dropout: 0.1, target_modules: ["c_attn", "c_proj"] },
  dataset: { name: "BarraHome/ultrafeedback_binarized", isOnHub: true },
  settings,
  log_history: [
    { loss: 0.6928, epoch: 1, step: 20 },
    { eval_loss: 0.68921, epoch: 1, step: 20 },
    { train_loss: 0.69, epoch: 1, step: 20 },
  ],
  versions: { prefine: "0.1.0", node: "20.20.2", onnxruntime: "1.30.0" },
};

function split(card: string): { meta: Record<string, unknown>; body: string } {
  const [, yaml, body] = /^---\n(.*?)\n---\n\n(.*)$/s.exec(card) ?? [];
  return { meta: parse(yaml), body };
}

describe("modelCard", () => {
  it("has the hub's metadata", () => {
    expect(split(modelCard(INPUT)).meta).toEqual({
      library_name: "peft",
      pipeline_tag: "text-generation",
      base_model: "gpt2",
      model_name: "dpo",
      datasets: ["BarraHome/ultrafeedback_binarized"],
      tags: ["dpo", "prefine", "lora", "base_model:adapter:gpt2", "generated_from_trainer"],
    });
    const full = split(modelCard({ ...INPUT, adapter: null, dataset: null }));
    expect(full.meta).toMatchObject({
      library_name: "transformers",
      tags: ["dpo", "prefine", "generated_from_trainer"],
    });
    expect(full.meta).not.toHaveProperty("datasets");
    expect(full.body).toContain('AutoModelForCausalLM.from_pretrained("dpo")');
    expect(full.body).not.toContain("lora");
  });

  it("lists the hyperparameters as transformers' Trainer does, then DPO's and the adapter's", () => {
    expect(modelCard(INPUT)).toContain(
      [
        "### Training hyperparameters",
        "",
        "The following hyperparameters were used during training:",
        "- learning_rate: 0.0001",
        "- train_batch_size: 1",
        "- eval_batch_size: 1",
        "- seed: 42",
        "- gradient_accumulation_steps: 4",
        "- total_train_batch_size: 4",
        "- optimizer: Use adamw_torch_fused with betas=(0.9,0.999) and epsilon=1e-08 " +
          "and optimizer_args=No additional optimizer arguments",
        "- lr_scheduler_type: linear",
        "- lr_scheduler_warmup_steps: 2",
        "- num_epochs: 2",
        "- max_grad_norm: 1.0",
        "- beta: 0.1",
        "- loss_type: sigmoid",
        "- max_length: 1024",
        "- lora_r: 4",
        "- lora_alpha: 8",
        "- lora_dropout: 0.1",
        "- lora_target_modules: c_attn, c_proj",
        "",
        "### Training results",
        "",
        "| Training Loss | Epoch | Step | Validation Loss |",
        "|:-------------:|:-----:|:----:|:---------------:|",
        "| 0.6928        | 1.0   | 20   | 0.6892          |",
        "",
        "### Framework versions",
        "",
        "- Prefine 0.1.0",
        "- Node 20.20.2",
        "- ONNX Runtime 1.30.0",
        "",
      ].join("\n"),
    );
    const steps = { ...settings, max_steps: 7, gradient_accumulation_steps: 1 };
    const short = modelCard({ ...INPUT, settings: steps });
    expect(short).toContain("- training_steps: 7\n");
    expect(short).not.toMatch(/num_epochs|total_train_batch_size|gradient_accumulation/);
  });

  it("says of the optimizer what transformers does, by its name and its arguments", () => {
    const lineOf = (optim: CardSettings["optim"], optim_args: string | null = null) =>
      /^- optimizer: (.*?)\n- /ms.exec(modelCard({ ...INPUT, settings: { ...settings, optim, optim_args } }))?.[1];
    const adam = "with betas=(0.9,0.999) and epsilon=1e-08 and optimizer_args=";
    expect(lineOf("paged_adamw_8bit")).toBe(`Use paged_adamw_8bit ${adam}No additional optimizer arguments`);
    expect(lineOf("adamw_torch", "a=1")).toBe(`Use adamw_torch ${adam}a=1`);
    expect(lineOf("adafactor")).toBe("Use adafactor and the args are:\nNo additional optimizer arguments");
    expect(lineOf("sgd", "momentum=0.9,nesterov=True")).toBe("Use sgd and the args are:\nmomentum=0.9,nesterov=True");
  });

  it("says what came of the training, and what to do next", () => {
    const verdict = { kind: "did not move", reason: "chosen gained 0.0002 nats", next: "Raise learning_rate." };
    const card = modelCard({ ...INPUT, verdict });
    expect(card).toContain(
      "Verdict on the training: **did not move**: chosen gained 0.0002 nats. Raise learning_rate.\n",
    );
    expect(modelCard(INPUT)).not.toContain("Verdict");
  });

  it("says how to use the model, and shows the plot", () => {
    const card = modelCard({ ...INPUT, model_name: "my run", plot: "training_loss.png" });
    expect(card).toContain("npx prefine generate 'my run' --prompt");
    expect(card).toContain('pipeline("text-generation", { model: "my run" })');
    expect(card).toContain('AutoPeftModelForCausalLM.from_pretrained("my run")');
    expect(card).not.toMatch(/messages|chat_template/);
    expect(card).toContain("![Training loss against epochs](training_loss.png)");
    expect(modelCard(INPUT)).not.toContain("![");
  });

  it("makes a message of the prompt where the tokenizer has a chat template", () => {
    const card = modelCard({ ...INPUT, hasChatTemplate: true });
    expect(card).toContain('const messages = [{ role: "user", content: "Is a higher octane');
    expect(card).toContain("await generate(messages, {");
    expect(card).toContain('messages = [{"role": "user", "content": "Is a higher octane');
    expect(card).toContain("tokenizer.apply_chat_template(\n");
  });

  it("gives no PEFT code for an adapter on a GGUF file, and transformers' for a model that was trained from one", () => {
    const card = modelCard({ ...INPUT, isOnGguf: true });
    expect(card).toContain("PEFT does not load: in Python, the adapter needs the original model");
    expect(card).toContain("`prefine merge` writes both as a model");
    expect(card).not.toContain("from_pretrained");
    expect(modelCard({ ...INPUT, isOnGguf: true, adapter: null })).toContain("AutoModelForCausalLM.from_pretrained");
  });

  it("links and lists what is on the hub, and nothing else", () => {
    const local = { name: "org_model", isOnHub: false };
    const card = modelCard({ ...INPUT, base_model: local, dataset: { name: "prefs.jsonl", isOnHub: false } });
    const { meta, body } = split(card);
    expect(Object.keys(meta)).toEqual(["library_name", "pipeline_tag", "model_name", "tags"]);
    expect(meta.tags).toEqual(["dpo", "prefine", "lora", "generated_from_trainer"]);
    expect(body).toContain("fine-tuned version of org_model on the prefs.jsonl dataset: ");
    expect(card).not.toContain("huggingface.co");
    const links = [...modelCard(INPUT).matchAll(/\]\((https:\/\/huggingface\.co.*?)\)/g)].map(([, url]) => url);
    expect(links).toEqual([
      "https://huggingface.co/gpt2",
      "https://huggingface.co/datasets/BarraHome/ultrafeedback_binarized",
    ]);
  });

  it("names folders by their last part, and a snapshot in the hub's cache by its id", () => {
    const isLocal = true;
    const local = (name: string) => ({ name, isOnHub: false });
    expect(cardName("/home/ann/secret/tiny-gpt2/", isLocal)).toEqual(local("tiny-gpt2"));
    expect(cardName("../data/prefs.jsonl", isLocal)).toEqual(local("prefs.jsonl"));
    expect(cardName("C:\\Users\\ann\\gpt2", isLocal)).toEqual(local("gpt2"));
    expect(cardName("org/model", isLocal)).toEqual(local("model"));
    expect(cardName("org/model", false)).toEqual({ name: "org/model", isOnHub: true });
    for (const path of ["some/folder/model", "./model", "../base", "org/mo--del", "org/model.git", "a b", "org/"]) {
      expect(cardName(path, false).isOnHub, path).toBe(false);
    }
    const cache = "/home/ann/.cache/huggingface/hub";
    const model = { name: "openai/gpt2", isOnHub: true };
    expect(cardName(`${cache}/models--openai--gpt2/snapshots/abc`, isLocal)).toEqual(model);
    const data = { name: "org/prefs", isOnHub: true };
    expect(cardName(`${cache}/datasets--org--prefs/snapshots/abc/data/train.parquet`, isLocal)).toEqual(data);
  });

  it("takes only the settings that it lists from a config", () => {
    const withToken = { ...settings, hub_token: "hf_secret", logging_dir: "/home/ann" };
    expect(modelCard({ ...INPUT, settings: withToken })).not.toMatch(/hf_secret|home/);
  });

  it("gives the training loss where nothing was evaluated, and no results where nothing was logged", () => {
    const trained = modelCard({ ...INPUT, log_history: [{ train_loss: 0.6892, epoch: 1, step: 4 }] });
    expect(trained).toContain("### Training results\n\nTraining loss over the whole run: 0.6892\n");
    expect(modelCard({ ...INPUT, log_history: [] })).not.toContain("### Training results");
  });
});
