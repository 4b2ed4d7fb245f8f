/** @file Writes COMPATIBILITY.md from prefine's own tables: `npx tsx scripts/compatibility.ts`; a test checks it. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { TRAINING_OPTIONS } from "../src/config/DPOConfig.ts";
import type { Option, Table } from "../src/config/option.ts";
import { ACCELERATOR_OPTIONS } from "../src/config/options/accelerator.ts";
import { DATA_FORMATS, describeFormat } from "../src/config/options/dataFormats.ts";
import { DPO_OPTIONS } from "../src/config/options/dpo.ts";
import { GENERATION_OPTIONS } from "../src/config/options/generation.ts";
import { LORA_OPTIONS } from "../src/config/options/lora.ts";
import { LOSS_NAMES, lossTraits, OWN_LOSS_NAMES } from "../src/config/options/lossTypes.ts";
import { MODEL_OPTIONS } from "../src/config/options/modelConfig.ts";
import { QUANTIZATION_OPTIONS } from "../src/config/options/quantization.ts";
import { MIXTURE_ENTRY_OPTIONS, MIXTURE_OPTIONS } from "../src/config/options/recipes.ts";
import { RENAMED_RUN_NAMES } from "../src/config/options/renamedNames.ts";
import { DATASET_OPTIONS, SCRIPT_OPTIONS } from "../src/config/options/scriptArguments.ts";
import type { Renamed } from "../src/config/renamed.ts";
import { kindsTable } from "../src/data/chatTemplates/jinja/kinds.ts";
import { SHAPES } from "../src/data/shapes/shapes.ts";
import { PARAMETERS } from "../src/serving/openai/parameters.ts";
import { CONFIG_FIELDS } from "./configFields.ts";
import { ggufTable } from "./ggufFamilies.ts";
import { LOGGED_METRICS } from "./loggedMetrics.ts";
import { tokenizerTables } from "./tokenizerKinds.ts";

const FIXTURE = new URL("../test/fixtures/trl-options.json", import.meta.url);
const JINJA = new URL("../test/fixtures/jinja.json", import.meta.url);
const TARGET = new URL("../COMPATIBILITY.md", import.meta.url);

/** The whole text of COMPATIBILITY.md. */
export function compatibilityText(): string {
  const { versions } = JSON.parse(readFileSync(FIXTURE, "utf8")) as { versions: Record<string, string> };
  const training = Object.entries<Option<unknown, unknown>>(TRAINING_OPTIONS);
  const inherited = Object.fromEntries(training.filter(([name]) => !Object.hasOwn(DPO_OPTIONS, name)));
  return [
    introduction(versions),
    section("DPOConfig: the method", "Options that `trl.DPOConfig` adds to TrainingArguments.", DPO_OPTIONS),
    losses(),
    section(
      "DPOConfig: TrainingArguments",
      "Options that `trl.DPOConfig` inherits from transformers, with TRL's defaults.",
      inherited,
    ),
    section("ScriptArguments and DatasetMixtureConfig", "Keys of `trl dpo` for data and its launcher.", SCRIPT_OPTIONS),
    section("DatasetConfig", "trl's `DatasetConfig`: an entry of `datasets`.", DATASET_OPTIONS),
    section("DatasetMixtureConfig", "alignment-handbook's, for `dataset_mixture`.", MIXTURE_OPTIONS),
    section("DatasetConfig of dataset_mixture", "An entry of its `datasets`.", MIXTURE_ENTRY_OPTIONS),
    dataFormats(),
    section("ModelConfig", "Keys of `trl dpo` for the model and its adapter.", MODEL_OPTIONS),
    section(
      "AcceleratorConfig",
      "transformers' `AcceleratorConfig`, for `accelerator_config`: a mapping (a file path is not supported yet).",
      ACCELERATOR_OPTIONS,
    ),
    section("LoraConfig", "PEFT's `LoraConfig`, for DPOTrainer's `peft_config`.", LORA_OPTIONS),
    section(
      "BitsAndBytesConfig",
      "transformers' `BitsAndBytesConfig`, for `quantization_config` of from_pretrained and DPOTrainer.",
      QUANTIZATION_OPTIONS,
    ),
    section(
      "GenerationConfig",
      "transformers' `GenerationConfig`; a default of null is the model's own, then transformers'.",
      GENERATION_OPTIONS,
    ),
    adapterFiles(),
    configFields(),
    oldNames(),
    metrics(),
    ggufTable(),
    tokenizerTables(),
    templates(),
    openAiParameters(),
  ].join("\n");
}

function introduction(versions: Record<string, string>): string {
  const peers = ["trl", "transformers", "peft"].map((name) => `${name} ${versions[name]}`).join(", ");
  return `# Compatibility

Every option of ${peers}, and every metric that is logged. Made by \`scripts/compatibility.ts\`
from the table of options in \`src/config/options\`, which prefine itself uses.

- **same**: as in the Python packages.
- **differs**: works, and how it differs.
- **no effect**: accepted; changes nothing here, and prefine says so in one line when it is set.
- **not yet**: would change results and is not built: setting it (to another value than those named) is an error.

A key that is in none of these tables is an error, with the nearest name.
`;
}

function section(title: string, about: string, table: Table): string {
  const rows = Object.entries(table).map(
    ([name, option]) =>
      `| \`${name}\`${option.own ? " (prefine's own)" : ""} | ${standard(option)} | ${support(option)} |`,
  );
  return `## ${title}\n\n${about}\n\n| option | default | |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function dataFormats(): string {
  const rows = DATA_FORMATS.map((name) => {
    const { recognizes, writes } = SHAPES[name];
    const marks = [recognizes, writes].map((mark) => (mark ? "yes" : "no"));
    return `| \`${name}\` | ${escapeCell(describeFormat(name))} | ${marks.join(" | ")} |`;
  });
  const about =
    "Formats of preferences, for `data_format` and `prefine data convert`. Those that are recognized need no key; " +
    "[docs/data-formats.md](docs/data-formats.md) shows rows of each.";
  return `## Data formats\n\n${about}\n\n| format | | recognized | written |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function openAiParameters(): string {
  const words = { same: "same", own: "same", ignored: "no effect", refused: "not supported" };
  const rows = Object.entries(PARAMETERS).map(([name, { endpoints, treatment, note }]) => {
    const marks = (["chat", "text"] as const).map((endpoint) => (endpoints.includes(endpoint) ? words[treatment] : ""));
    const own = treatment === "own" ? " (prefine's own)" : "";
    return `| \`${name}\`${own} | ${marks.join(" | ")} | ${escapeCell(note)} |`;
  });
  const about =
    "Parameters of `/v1/chat/completions` and `/v1/completions`, for `prefine serve` ([docs/serve.md](docs/serve.md)). " +
    "What is not supported is refused by its name, unless its value asks for nothing; so is any other parameter.";
  const header = "| parameter | chat | text | |\n|---|---|---|---|";
  return `## OpenAI's API\n\n${about}\n\n${header}\n${rows.join("\n")}\n`;
}

function losses(): string {
  const rows = LOSS_NAMES.map((name) => {
    const { about, divergences, smoothing, sorts, referenceFree } = lossTraits(name);
    const own = OWN_LOSS_NAMES.includes(name) ? " (prefine's own)" : "";
    const marks = [divergences, smoothing, !sorts, !referenceFree].map((mark) => (mark ? "yes" : "no"));
    return `| \`${name}\`${own} | ${escapeCell(about)} | ${marks.join(" | ")} |`;
  });
  const free = (kind: string) =>
    LOSS_NAMES.filter((name) => lossTraits(name).referenceFree === kind)
      .map((name) => `\`${name}\``)
      .join(", ");
  const about =
    "Values of `loss_type`, alone or weighted by `loss_weights`, and their options; `ld_alpha` applies to all. " +
    `Without a reference model, logged rewards are beta times the policy's log-probabilities (${free("logps")}) or ` +
    `their means per token (${free("averaged logps")}).`;
  const head = "| loss | | f_divergence_type | label_smoothing | use_weighting | reference |";
  return `## Losses\n\n${about}\n\n${head}\n|---|---|---|---|---|---|\n${rows.join("\n")}\n`;
}

function standard({ default: value }: Option<unknown, unknown>): string {
  return `\`${escapeCell(JSON.stringify(value))}\``;
}

function support(option: Option<unknown, unknown>): string {
  const { kind, ready, note, support: level } = option;
  if (level === "no-effect") return `no effect: ${escapeCell(note ?? "")}`;
  if (level === "not-yet") {
    const reason = note ? `: ${escapeCell(note)}` : "";
    return ready
      ? `not yet, except ${codes(ready.map((value) => JSON.stringify(value)))}${reason}`
      : `not yet${reason}`;
  }
  const word =
    level === "differs" ? `differs: ${escapeCell(note ?? "")}` : option.own ? escapeCell(option.help) : "same";
  if (!ready) return word;
  const missing = (kind.choices ?? []).filter((choice) => !ready.includes(choice));
  return missing.length > 0
    ? `${word}; not yet: ${codes(missing)}`
    : `${word} for ${codes(ready.map(String))}; others not yet`;
}

function oldNames(): string {
  const rows = Object.entries<Renamed>(RENAMED_RUN_NAMES).map(
    ([name, renamed]) => `| \`${name}\` | ${oldName(renamed)} |`,
  );
  const about =
    "Names that TRL and transformers have renamed or removed, and those of alignment-handbook and projects built on " +
    "it. Each one used logs one line of advice.";
  return `## Old names\n\n${about}\n\n| name | |\n|---|---|\n${rows.join("\n")}\n`;
}

function oldName({ to, later, advice, harmless, refusal }: Renamed): string {
  if (later) return `works: ${advice}`;
  if (to) return `works: is \`${to}\` now`;
  if (!harmless) return `no effect: ${escapeCell(advice)}`;
  return `${refusal === "not-yet" ? "not yet" : "error"}: ${escapeCell(advice)}`;
}

/** What is read of an adapter's folder besides what prefine writes. */
const ADAPTER_FILES: readonly [what: string, support: string][] = [
  ["keys that PEFT's LoraConfig does not have", "ignored with a warning that names them, as in PEFT"],
  ["`r`, `lora_alpha`, `target_modules` left out", "PEFT's defaults: 8, 8, its choice for the model type"],
  [
    "keys with an adapter's name (`lora_A.default.weight`)",
    "read, whatever the name; two adapters in a file are refused",
  ],
  ["keys without `base_model.model.`, or with it twice, compiled or sharded", "read"],
  ["embeddings saved with the adapter", "replace the base model's, as in PEFT"],
  [
    "embeddings with further rows (a resized vocabulary)",
    "resize the base model to them; AutoPeftModel resizes by the adapter's tokenizer, and fails if the two differ",
  ],
  [
    "a tokenizer with more tokens, but no embeddings for them",
    "the base model keeps its size: such tokens are refused",
  ],
  ["`adapter_model.bin` alone", "refused, with the way to convert it"],
  ["settings that change results and are not built (`lora_bias`, `use_qalora`, ...)", "refused by name"],
];

function adapterFiles(): string {
  const rows = ADAPTER_FILES.map(([what, level]) => `| ${escapeCell(what)} | ${escapeCell(level)} |`);
  const about =
    "Adapters of PEFT and of tools that write its files: adapter_config.json and adapter_model.safetensors.";
  return `## Adapter files\n\n${about}\n\n| found | |\n|---|---|\n${rows.join("\n")}\n`;
}

function configFields(): string {
  const rows = CONFIG_FIELDS.map(({ names, families, support: level }) => {
    return `| ${codes(names)} | ${families ? families.join(", ") : "all"} | ${escapeCell(level)} |`;
  });
  const about =
    "Fields of a model's config.json: those of transformers' config classes, and others that change results. " +
    "Fields that are in no row have no effect, in transformers too.";
  return `## config.json\n\n${about}\n\n| field | families | |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function metrics(): string {
  const rows = LOGGED_METRICS.map(({ names, support: level }) => `| ${codes(names)} | ${level} |`);
  const about =
    "Entries of `log_history` in trainer_state.json, with TRL's names; also with the prefix `eval_` where noted.";
  return `## Logged metrics\n\n${about}\n\n| metric | |\n|---|---|\n${rows.join("\n")}\n`;
}

function templates(): string {
  const { versions } = JSON.parse(readFileSync(JINJA, "utf8")) as { versions: Record<string, string> };
  const tables = kindsTable().map(({ title, kinds }) => {
    const equal = kinds.filter(({ refusal, note }) => refusal === undefined && note === undefined);
    const limited = kinds
      .filter(({ note }) => note !== undefined)
      .map(({ name, note }) => `| ${codes([name])} | ${note} |`);
    const refused = kinds.filter(({ refusal }) => refusal !== undefined);
    const reasons = [...new Set(refused.map(({ refusal }) => refusal))].map((reason) => {
      const names = refused.filter(({ refusal }) => refusal === reason).map(({ name }) => name);
      return `| ${codes(names)} | refused: ${reason} |`;
    });
    const rows = [`| ${codes(equal.map(({ name }) => name))} | same |`, ...limited, ...reasons];
    return `### ${title}\n\n| | |\n|---|---|\n${rows.join("\n")}\n`;
  });
  const about =
    `Everything that a chat template may use in transformers ${versions.transformers} (Jinja ${versions.jinja2} in its ` +
    "immutable sandbox, with `trim_blocks`, `lstrip_blocks`, loop controls and the tag `generation`). All literals, " +
    "operators and values are Python's: ints of any size, floats, tuples, slices, `Markup`, undefined values. Refused " +
    "names raise an error that names them, when they are used. The escape `\\N{...}` is refused. A template that takes " +
    "more than 20 seconds or 10 million steps, makes more than 500 million characters, or nests more than 200 calls is " +
    "stopped with an error; `range` beyond 100,000 is refused, as in the sandbox.";
  return `## Chat templates\n\n${about}\n\n${tables.join("\n")}`;
}

const codes = (words: readonly string[]) => words.map((word) => `\`${escapeCell(word)}\``).join(", ");
const escapeCell = (text: string) => text.replaceAll("|", "\\|");

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(TARGET, compatibilityText());
