/** @file The model card: front matter that parses, the Trainer's wording, and nothing that should stay at home. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DPOConfig } from "../config/DPOConfig.ts";
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
  base_model: "gpt2",
  adapter: { r: 4, lora_alpha: 8, lora_dropout: 0.1, target_modules: ["c_attn", "c_proj"] },
  dataset_name: "BarraHome/ultrafeedback_binarized",
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
    const full = split(modelCard({ ...INPUT, adapter: null, dataset_name: null }));
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

  it("says how to use the model, shows the plot and the answers", () => {
    const answers = [{ prompt: "Is <b> | better?\n", original: "*No*\nmaybe", trained: "Yes_or_no" }];
    const card = modelCard({ ...INPUT, model_name: "my run", plot: "training_loss.png", answers });
    expect(card).toContain("npx prefine generate 'my run' --prompt");
    expect(card).toContain('pipeline("text-generation", { model: "my run" })');
    expect(card).toContain('AutoPeftModelForCausalLM.from_pretrained("my run")');
    expect(card).toContain("![Training loss against epochs](training_loss.png)");
    expect(card).toContain("| Is &lt;b&gt; \\| better?<br> | \\*No\\*<br>maybe | Yes_or_no |");
    expect(modelCard(INPUT)).not.toMatch(/side by side|!\[/);
  });

  it("names folders by their last part, cached models by their id, and lists no folder as a data set", () => {
    const local = modelCard({
      ...INPUT,
      base_model: "/home/ann/secret/tiny-gpt2/",
      dataset_name: "../data/prefs.jsonl",
    });
    expect(local).not.toMatch(/home|ann|secret|\.\.\//);
    expect(split(local).meta).toMatchObject({ base_model: "tiny-gpt2" });
    expect(split(local).meta).not.toHaveProperty("datasets");
    expect(split(local).meta.tags).not.toContain("base_model:adapter:tiny-gpt2");
    expect(local).toContain("fine-tuned version of tiny-gpt2 on the prefs.jsonl dataset");
    expect(modelCard({ ...INPUT, base_model: "C:\\Users\\ann\\gpt2" })).not.toMatch(/Users|ann\b/);
    const cached = "/home/ann/.cache/huggingface/hub/models--openai--gpt2/snapshots/abc";
    expect(split(modelCard({ ...INPUT, base_model: cached })).meta.base_model).toBe("openai/gpt2");
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
