/** @file README.md of a finished run: what was trained from what, how well it went, how to use it. */
import { stringify } from "yaml";
import type { DPOConfig } from "../config/DPOConfig.ts";
import { pythonFloat } from "../formats/pythonFloat.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { type LoggedEntry, lastResults, metricsTable } from "./metricsTable.ts";

/** The settings that a card shows; a DPOConfig has them all. Nothing else of a config gets into a card. */
export type CardSettings = Pick<
  DPOConfig,
  | "learning_rate"
  | "per_device_train_batch_size"
  | "per_device_eval_batch_size"
  | "seed"
  | "gradient_accumulation_steps"
  | "optim"
  | "adam_beta1"
  | "adam_beta2"
  | "adam_epsilon"
  | "weight_decay"
  | "max_grad_norm"
  | "lr_scheduler_type"
  | "warmup_steps"
  | "max_steps"
  | "num_train_epochs"
  | "beta"
  | "loss_type"
  | "max_length"
>;

/** The answers of the original and of the trained model to one prompt. */
export interface AnswerPair {
  prompt: string;
  original: string;
  trained: string;
}

export interface ModelCardInput {
  /** Of the run: the last part of its folder. */
  model_name: string;
  /** Hub id or folder of the base model. */
  base_model: string;
  /** How the base model was kept, where that was not float32: `4 bits (nf4) in all 28 linear layers`. */
  quantization?: string | null;
  /** null: all parameters were trained. */
  adapter: Pick<AdapterConfig, "r" | "lora_alpha" | "lora_dropout" | "target_modules"> | null;
  /** Hub id, folder or file; null or absent where the rows came from memory. */
  dataset_name?: string | null;
  settings: CardSettings;
  log_history: readonly LoggedEntry[];
  versions: { prefine: string; node: string; onnxruntime: string };
  /** File name of the plot beside the card. */
  plot?: string;
  answers?: readonly AnswerPair[];
}

const PAPER = "[Direct Preference Optimization](https://arxiv.org/abs/2305.18290)";
const PROMPT = "Is a higher octane gasoline better for your car?";

interface NamedOrigin {
  name: string;
  /** Whether the name can be looked up on the hub. */
  onHub: boolean;
}

/** A hub id as it is; a folder or file by its last part only: where it lay is nobody's business. */
function originOf(nameOrPath: string): NamedOrigin {
  const cached = /[\\/](?:models|datasets)--([^\\/]+)[\\/]snapshots[\\/]/.exec(nameOrPath)?.[1];
  if (cached) return { name: cached.replace("--", "/"), onHub: true };
  if (/^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(nameOrPath)) return { name: nameOrPath, onHub: true };
  return { name: nameOrPath.split(/[\\/]/).filter(Boolean).at(-1) ?? nameOrPath, onHub: false };
}

/** Text that Markdown and HTML leave alone, on one line. */
function plain(text: string): string {
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const marks = /[\\`*[\]|#~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;
  return escaped.replace(marks, "\\$&").replace(/\r\n?|\n/g, "<br>");
}

const link = ({ name, onHub }: NamedOrigin, at: string) =>
  onHub ? `[${name}](https://huggingface.co/${at}${name})` : plain(name);

function frontMatter(input: ModelCardInput, base: NamedOrigin, dataset: NamedOrigin | undefined): string {
  const adapterTag = base.onHub ? [`base_model:adapter:${base.name}`] : [];
  const data = {
    library_name: input.adapter ? "peft" : "transformers",
    pipeline_tag: "text-generation",
    base_model: base.name,
    model_name: input.model_name,
    ...(dataset?.onHub ? { datasets: [dataset.name] } : {}),
    tags: ["dpo", "prefine", ...(input.adapter ? ["lora", ...adapterTag] : []), "generated_from_trainer"],
  };
  return `---\n${stringify(data)}---`;
}

function summary(
  { adapter, plot, log_history }: ModelCardInput,
  base: NamedOrigin,
  dataset: NamedOrigin | undefined,
): string[] {
  const what = adapter
    ? `a LoRA adapter (r ${adapter.r}, alpha ${adapter.lora_alpha}, on ${[adapter.target_modules].flat().join(", ")})`
    : "all of its parameters";
  const data = dataset ? ` on the ${link(dataset, "datasets/")} dataset` : "";
  const results = lastResults(log_history);
  return [
    `This model is a fine-tuned version of ${link(base, "")}${data}: ${what}, trained on pairs of preferred and ` +
      `rejected answers with ${PAPER} by prefine.`,
    ...(results.length > 0 ? ["It achieves the following results on the evaluation set:", list(results)] : []),
    ...(plot ? [`![Training loss against epochs](${encodeURI(plot)})`] : []),
  ];
}

const list = (items: string[]) => items.map((item) => `- ${item}`).join("\n");
const code = (language: string, ...lines: string[]) => ["```".concat(language), ...lines, "```"].join("\n");
/** For a POSIX shell. */
const quoted = (word: string) => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function usage({ model_name, adapter }: ModelCardInput): string[] {
  const name = JSON.stringify(model_name);
  const [library, loader] = adapter ? ["peft", "AutoPeftModelForCausalLM"] : ["transformers", "AutoModelForCausalLM"];
  return [
    "## How to use it",
    "On the command line:",
    code("sh", `npx prefine generate ${quoted(model_name)} --prompt "${PROMPT}"`),
    "In TypeScript:",
    code(
      "ts",
      'import { pipeline } from "prefine";',
      "",
      `const generate = await pipeline("text-generation", { model: ${name} });`,
      `const [answer] = await generate("${PROMPT}", { max_new_tokens: 64 });`,
      "console.log(answer.generated_text);",
    ),
    `In Python, with ${adapter ? "PEFT" : "transformers"}:`,
    code(
      "python",
      ...(adapter ? [`from ${library} import ${loader}`, "from transformers import AutoTokenizer"] : []),
      ...(adapter ? [] : [`from ${library} import ${loader}, AutoTokenizer`]),
      "",
      `model = ${loader}.from_pretrained(${name})`,
      `tokenizer = AutoTokenizer.from_pretrained(${name})`,
      `inputs = tokenizer("${PROMPT}", return_tensors="pt")`,
      "print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0]))",
    ),
  ];
}

function answersTable(answers: readonly AnswerPair[], base: NamedOrigin): string[] {
  if (answers.length === 0) return [];
  const rows = answers.map(({ prompt, original, trained }) => [prompt, original, trained].map(plain));
  const lines = [["Prompt", plain(base.name), "This model"], ["---", "---", "---"], ...rows];
  return ["## Answers side by side", lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")];
}

/** The names and the order of transformers' Trainer, then what is DPO's and the adapter's own. */
function hyperparameters({ settings: s, adapter, quantization }: ModelCardInput): string[] {
  const total = s.per_device_train_batch_size * s.gradient_accumulation_steps;
  const betas = `(${pythonFloat(s.adam_beta1)},${pythonFloat(s.adam_beta2)})`;
  const lines: [string, number | string][] = [
    ["learning_rate", pythonFloat(s.learning_rate)],
    ["train_batch_size", s.per_device_train_batch_size],
    ["eval_batch_size", s.per_device_eval_batch_size],
    ["seed", s.seed],
    ...pair("gradient_accumulation_steps", s.gradient_accumulation_steps > 1 && s.gradient_accumulation_steps),
    ...pair("total_train_batch_size", total !== s.per_device_train_batch_size && total),
    [
      "optimizer",
      `Use ${s.optim} with betas=${betas} and epsilon=${pythonFloat(s.adam_epsilon)} ` +
        "and optimizer_args=No additional optimizer arguments",
    ],
    ["lr_scheduler_type", s.lr_scheduler_type],
    ...pair("lr_scheduler_warmup_steps", s.warmup_steps !== 0 && s.warmup_steps),
    s.max_steps > 0 ? ["training_steps", s.max_steps] : ["num_epochs", s.num_train_epochs],
    ...pair("weight_decay", s.weight_decay !== 0 && s.weight_decay),
    ["max_grad_norm", pythonFloat(s.max_grad_norm)],
    ["beta", pythonFloat(s.beta)],
    ["loss_type", s.loss_type.join(", ")],
    ["max_length", s.max_length ?? "None"],
    ...(quantization ? [["base_model_quantization", quantization] as [string, string]] : []),
    ...(adapter ? adapterSettings(adapter) : []),
  ];
  return lines.map((line) => line.join(": "));
}

const pair = (name: string, value: number | false): [string, number][] => (value === false ? [] : [[name, value]]);

function adapterSettings(adapter: NonNullable<ModelCardInput["adapter"]>): [string, number | string][] {
  return [
    ["lora_r", adapter.r],
    ["lora_alpha", adapter.lora_alpha],
    ["lora_dropout", pythonFloat(adapter.lora_dropout)],
    ["lora_target_modules", [adapter.target_modules].flat().join(", ")],
  ];
}

function training(input: ModelCardInput): string[] {
  const { prefine, node, onnxruntime } = input.versions;
  const table = metricsTable(input.log_history);
  const loss = input.log_history.findLast((entry) => "train_loss" in entry)?.train_loss;
  const withoutTable =
    loss === undefined ? [] : [`Training loss over the whole run: ${pythonFloat(loss ?? Number.NaN)}`];
  const results = table === undefined ? withoutTable : [table];
  return [
    "## Training procedure",
    "### Training hyperparameters",
    `The following hyperparameters were used during training:\n${list(hyperparameters(input))}`,
    ...(results.length > 0 ? ["### Training results", ...results] : []),
    "### Framework versions",
    list([`Prefine ${prefine}`, `Node ${node}`, `ONNX Runtime ${onnxruntime}`]),
  ];
}

/**
 * The model card of a run, with the hyperparameters and the table of results that transformers' Trainer writes.
 * @returns Markdown with YAML front matter; pure. Folders are named by their last part, settings only where listed.
 */
export function modelCard(input: ModelCardInput): string {
  const base = originOf(input.base_model);
  const dataset = input.dataset_name ? originOf(input.dataset_name) : undefined;
  const sections = [
    frontMatter(input, base, dataset),
    `# ${plain(input.model_name)}`,
    ...summary(input, base, dataset),
    ...usage(input),
    ...answersTable(input.answers ?? [], base),
    ...training(input),
  ];
  return `${sections.join("\n\n")}\n`;
}
