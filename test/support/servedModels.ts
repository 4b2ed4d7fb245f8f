/** @file A chat model and an adapter of it to serve: the demo's GPT-2 with a template, and random LoRA weights. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { encodeSafetensors, type SafetensorsTensor } from "../../src/formats/safetensors.ts";
import { Mt19937 } from "../../src/random.ts";

const TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}";

const WIDTH = 192;
const R = 4;

/** Writes `chat` and `run` into a folder. @returns their paths */
export function writeServedModels(folder: string): { chat: string; run: string } {
  const [chat, run] = [join(folder, "chat"), join(folder, "run")];
  cpSync(resolve("demo/everyday-gpt2"), chat, { recursive: true });
  writeFileSync(join(chat, "chat_template.jinja"), TEMPLATE);
  mkdirSync(run);
  const config = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: chat,
    r: R,
    lora_alpha: 16,
    lora_dropout: 0,
    target_modules: ["c_attn"],
    fan_in_fan_out: true,
  };
  writeFileSync(join(run, "adapter_config.json"), JSON.stringify(config));
  const random = new Mt19937(3);
  const tensor = (shape: number[]): SafetensorsTensor => ({
    dtype: "F32",
    shape,
    data: random.normal(new Float32Array(shape[0] * shape[1]), 0, 0.1),
  });
  const weights = new Map(
    [0, 1, 2, 3].flatMap((block): [string, SafetensorsTensor][] => {
      const layer = `base_model.model.transformer.h.${block}.attn.c_attn`;
      return [
        [`${layer}.lora_A.weight`, tensor([R, WIDTH])],
        [`${layer}.lora_B.weight`, tensor([3 * WIDTH, R])],
      ];
    }),
  );
  writeFileSync(join(run, "adapter_model.safetensors"), encodeSafetensors(weights, { format: "pt" }));
  return { chat, run };
}
