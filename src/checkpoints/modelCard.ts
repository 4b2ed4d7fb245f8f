/** @file README.md of a finished run: what was trained from what, how well it went, how to use it. */
import { stringify } from "yaml";
import { pythonFloat } from "../formats/pythonFloat.ts";
import { type Hyperparameters, hyperparameters } from "./cardHyperparameters.ts";
import { bulletList, type CardName, hubLink, plain } from "./cardText.ts";
import { cardUsage } from "./cardUsage.ts";
import { type LoggedEntry, lastResults, metricsTable } from "./metricsTable.ts";

export interface ModelCardInput extends Hyperparameters {
  /** Of the run: the last part of its folder. */
  model_name: string;
  base_model: CardName;
  /** Whether the base model is a GGUF file. */
  isOnGguf: boolean;
  /** Whether the model's tokenizer has a chat template. */
  hasChatTemplate: boolean;
  /** Null: the rows came from memory. */
  dataset: CardName | null;
  log_history: readonly LoggedEntry[];
  versions: { prefine: string; node: string; onnxruntime: string };
  /** What came of the training, for the reader who decides whether to use the model. */
  verdict?: { kind: string; reason: string; next: string } | undefined;
  /** File name of the plot beside the card. */
  plot?: string | undefined;
}

/** A part of the card: its paragraphs, none where there is nothing to say. */
type Section = (card: ModelCardInput) => string[];

/** The card's parts in order; the next one is one line more. */
const SECTIONS: readonly Section[] = [frontMatter, title, summary, results, usage, training];

/**
 * The model card of a run, with the hyperparameters and the table of results that transformers' Trainer writes.
 * @returns Markdown with YAML front matter; pure. Folders are named by their last part, settings only where listed.
 */
export function modelCard(input: ModelCardInput): string {
  return `${SECTIONS.flatMap((section) => section(input)).join("\n\n")}\n`;
}

/** base_model and datasets hold hub ids only: the hub makes links of them, and refuses other names. */
function frontMatter({ adapter, base_model: base, dataset, model_name }: ModelCardInput): string[] {
  const adapterTag = base.isOnHub ? [`base_model:adapter:${base.name}`] : [];
  const data = {
    library_name: adapter ? "peft" : "transformers",
    pipeline_tag: "text-generation",
    ...(base.isOnHub ? { base_model: base.name } : {}),
    model_name,
    ...(dataset?.isOnHub ? { datasets: [dataset.name] } : {}),
    tags: ["dpo", "prefine", ...(adapter ? ["lora", ...adapterTag] : []), "generated_from_trainer"],
  };
  return [`---\n${stringify(data)}---`];
}

function title({ model_name }: ModelCardInput): string[] {
  return [`# ${plain(model_name)}`];
}

const PAPER = "[Direct Preference Optimization](https://arxiv.org/abs/2305.18290)";

function summary({ adapter, base_model, dataset }: ModelCardInput): string[] {
  const what = adapter
    ? `a LoRA adapter (r ${adapter.r}, alpha ${adapter.lora_alpha}, on ${[adapter.target_modules].flat().join(", ")})`
    : "all of its parameters";
  const data = dataset ? ` on the ${hubLink(dataset, "datasets/")} dataset` : "";
  return [
    `This model is a fine-tuned version of ${hubLink(base_model, "")}${data}: ${what}, trained on pairs of preferred ` +
      `and rejected answers with ${PAPER} by prefine.`,
  ];
}

function results({ plot, log_history, verdict }: ModelCardInput): string[] {
  const last = lastResults(log_history);
  return [
    ...(last.length > 0 ? ["It achieves the following results on the evaluation set:", bulletList(last)] : []),
    ...(verdict
      ? [`Verdict on the training: **${verdict.kind}**: ${plain(verdict.reason)}. ${plain(verdict.next)}`.trim()]
      : []),
    ...(plot ? [`![Training loss against epochs](${encodeURI(plot)})`] : []),
  ];
}

function usage(card: ModelCardInput): string[] {
  return cardUsage({ ...card, isAdapter: card.adapter !== null });
}

function training(input: ModelCardInput): string[] {
  const { prefine, node, onnxruntime } = input.versions;
  const table = metricsTable(input.log_history);
  const loss = input.log_history.findLast((entry) => "train_loss" in entry)?.train_loss;
  const withoutTable =
    loss === undefined ? [] : [`Training loss over the whole run: ${pythonFloat(loss ?? Number.NaN)}`];
  const found = table === undefined ? withoutTable : [table];
  return [
    "## Training procedure",
    "### Training hyperparameters",
    `The following hyperparameters were used during training:\n${bulletList(hyperparameters(input))}`,
    ...(found.length > 0 ? ["### Training results", ...found] : []),
    "### Framework versions",
    bulletList([`Prefine ${prefine}`, `Node ${node}`, `ONNX Runtime ${onnxruntime}`]),
  ];
}
