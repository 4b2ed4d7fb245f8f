/**
 * @file The modules that PEFT's names select: target_modules, exclude_modules, layers_to_transform, modules_to_save.
 * The rules are PEFT's (check_target_module_exists); they look only at names, so they hold for every architecture.
 */
import { nearestName, PrefineError } from "../../errors.ts";
import { pushAll } from "../../lists.ts";
import { counted } from "../../phrases.ts";
import { type Architecture, HEAD_MODULE, type LinearLayer } from "../network.ts";
import { fullMatch } from "./pythonPattern.ts";

export type ModelModules = Pick<Architecture, "modelType" | "linears" | "parameters" | "head">;

/** PEFT's names. A list has whole names or suffixes of names; a string is a regular expression for whole names. */
export interface TargetSettings {
  /** Null: the defaults of the model type; "all-linear": every linear layer except the unembedding. */
  target_modules: readonly string[] | string | null;
  exclude_modules?: readonly string[] | string | null;
  /** Indices of the layers to adapt; only with a list of targets. */
  layers_to_transform?: readonly number[] | number | null;
  /** Module lists that the indices refer to ("h", "layers"); unset: the first number in a name counts. */
  layers_pattern?: readonly string[] | string | null;
  modules_to_save?: readonly string[] | null;
}

export interface Target {
  /** An embedding [V, C] is treated as a linear layer whose inputs are one-hot rows. */
  layer: LinearLayer;
  isEmbedding: boolean;
}

export interface Targets {
  layers: Target[];
  /** The adapted embedding and unembedding whose base weights PEFT saves too. */
  saved: LinearLayer[];
  /** As written to adapter_config.json: "all-linear" expanded to names. */
  targetModules: string[] | string;
  warnings: string[];
}

const Q_AND_V = ["q_proj", "v_proj"];
/** PEFT's default targets by model type (its TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING). */
const DEFAULT_TARGETS: Record<string, string[]> = {
  gpt2: ["c_attn"],
  llama: Q_AND_V,
  mistral: Q_AND_V,
  qwen2: Q_AND_V,
  qwen3: Q_AND_V,
  gemma: Q_AND_V,
  gemma2: Q_AND_V,
  gemma3_text: Q_AND_V,
  gpt_neox: ["query_key_value"],
};

/** From this many names on, PEFT writes the shortest suffixes that select the same modules. */
const MANY_TARGETS = 20;

/** Every module that holds parameters or other modules, in the model's order. */
function moduleNames({ parameters }: Pick<ModelModules, "parameters">): string[] {
  const names = new Set<string>();
  for (const parameter of parameters.keys()) {
    const parts = parameter.split(".");
    for (let length = 1; length < parts.length; length++) names.add(parts.slice(0, length).join("."));
  }
  names.add(HEAD_MODULE); // a tied one has no parameter
  return [...names];
}

const isNamed = (module: string, name: string) => module === name || module.endsWith(`.${name}`);
/** The names that a module may be meant by: its own, and what is left without its outer ones. */
const namesOf = (module: string) => module.split(".").map((_, i, parts) => parts.slice(i).join("."));
const listed = (names: Iterable<string>) => [...names].map((name) => JSON.stringify(name)).join(", ");

/** Matches the named modules; `where` is the option, for messages. */
function matcher(names: readonly string[] | string, where: string): (module: string) => boolean {
  if (typeof names === "string") return fullMatch(names, where);
  const wanted = new Set(names);
  return (module) => namesOf(module).some((name) => wanted.has(name));
}

/** Matches modules inside the layers of layers_to_transform. */
function layerFilter({ layers_to_transform, layers_pattern }: TargetSettings): (module: string) => boolean {
  const numbers = new Set([layers_to_transform ?? []].flat());
  if (numbers.size === 0) return () => true;
  const patterns = [layers_pattern ?? []].flat();
  const before = "(?:.*\\.)?";
  const isList =
    patterns.length === 0
      ? [(name: string) => name.includes(".")]
      : patterns.map((pattern) => fullMatch(pattern, "layers_pattern", { before }));
  return (module) => {
    const numbered = [...module.matchAll(/\.(\d+)(?=\.)/g)]; // the list's name is before the number
    const found = isList
      .map((matches) => numbered.find(({ index }) => matches(module.slice(0, index))))
      .find((match) => match !== undefined);
    return found !== undefined && numbers.has(Number(found[1]));
  };
}

/** @throws PrefineError("config" | "not-yet") if nothing matches, or a match can't be adapted. */
export function findTargets(model: ModelModules, settings: TargetSettings): Targets {
  const { selects, targetModules } = readTargets(model, settings);
  const { exclude_modules } = settings;
  const saved = savedModules(model, settings.modules_to_save ?? []);
  const isExcluded =
    exclude_modules && exclude_modules.length > 0 ? matcher(exclude_modules, "exclude_modules") : () => false;
  const modules = moduleNames(model).filter(selects);
  const left = modules.filter((name) => !isExcluded(name) && !isInside(name, saved.modules));
  const adaptable = new Map(adaptableLayers(model).map((target) => [target.layer.name, target]));
  for (const name of left) if (!adaptable.has(name)) throw noLayer(name, model);
  if (left.length === 0) throw noTargets(modules.length > 0, { model, settings, targetModules });
  const layers = left.map((name) => adaptable.get(name) as Target);
  const warnings = [...saved.warnings, ...tiedTargets(layers, model, saved.modules)];
  if (Array.isArray(targetModules)) pushAll(warnings, unmatched(targetModules, model));
  if (exclude_modules && exclude_modules.length > 0 && !moduleNames(model).some(isExcluded)) {
    warnings.push(`exclude_modules: nothing is called ${listed([exclude_modules].flat())}; no layer was excluded`);
  }
  return { layers, saved: savedEmbeddings(model, layers, targetModules), targetModules, warnings };
}

/** PEFT's EMBEDDING_LAYER_NAMES. */
const EMBEDDING_NAMES = ["embed_tokens", HEAD_MODULE];

/** save_embedding_layers "auto": word embedding and unembedding, if adapted and one is a target by PEFT's names. */
function savedEmbeddings(model: ModelModules, layers: readonly Target[], targets: string[] | string) {
  const [words] = embeddingNames(model);
  const adapted = layers.flatMap(({ layer }) => (layer.name === words || layer.name === HEAD_MODULE ? [layer] : []));
  const isSaved =
    typeof targets === "string"
      ? moduleNames(model).filter(fullMatch(targets, "target_modules")).some(isEmbeddingName)
      : targets.some((target) => EMBEDDING_NAMES.includes(target));
  return isSaved ? adapted : [];
}

const isEmbeddingName = (module: string) => EMBEDDING_NAMES.some((name) => isNamed(module, name));

/** Linear layers, embeddings (all other matrices), and the unembedding, last as in the model. */
function adaptableLayers({ linears, parameters, head }: ModelModules): Target[] {
  const layers = linears.map((layer) => ({ layer, isEmbedding: false }));
  const excluded = new Set([...linears.map(({ name }) => name), HEAD_MODULE]);
  for (const [parameter, shape] of parameters) {
    const name = parameter.replace(/\.weight$/, "");
    if (shape.length !== 2 || excluded.has(name)) continue;
    const [inFeatures, outFeatures] = shape;
    layers.push({ layer: { name, inFeatures, outFeatures, layout: "in,out", bias: false }, isEmbedding: true });
  }
  const [outFeatures, inFeatures] = parameters.get(head) as readonly number[];
  const unembedding: LinearLayer = { name: HEAD_MODULE, inFeatures, outFeatures, layout: "out,in", bias: false };
  return [...layers, { layer: unembedding, isEmbedding: false }];
}

/** Modules that are embeddings, the word embedding first. */
export const embeddingNames = (model: ModelModules): string[] =>
  adaptableLayers(model).flatMap(({ isEmbedding, layer }) => (isEmbedding ? [layer.name] : []));

/** The unembedding tied to an adapted embedding does not change, as in PEFT. */
function tiedTargets(layers: readonly Target[], { head }: ModelModules, saved: readonly string[]): string[] {
  if (saved.includes(HEAD_MODULE) || head === `${HEAD_MODULE}.weight`) return [];
  const tied = layers.filter(({ layer }) => `${layer.name}.weight` === head);
  return tied.map(({ layer: { name } }) => {
    return `target_modules: ${name} is tied to ${HEAD_MODULE}, which does not change: merging unties them`;
  });
}

const isInside = (module: string, folders: readonly string[]) =>
  folders.some((folder) => module === folder || module.startsWith(`${folder}.`));

/** The modules that target_modules selects, before exclusions. */
function readTargets(model: ModelModules, settings: TargetSettings) {
  const targets = settings.target_modules ?? DEFAULT_TARGETS[model.modelType] ?? [];
  const all = moduleNames(model);
  if (typeof targets === "string") {
    const names = model.linears.map(({ name }) => name);
    if (targets.toLowerCase() === "all-linear")
      return { selects: ofNames(names), targetModules: condensed(names, all) };
    const matches = fullMatch(targets, "target_modules");
    const isPlain = /^[\w.-]+$/.test(targets);
    if (all.some(matches) || !isPlain) return { selects: matches, targetModules: targets };
    return { selects: matcher([targets], "target_modules"), targetModules: [targets] };
  }
  const isTarget = matcher(targets, "target_modules");
  const isLayer = layerFilter(settings);
  const whole = new Set(targets); // whole names count in any layer
  const selects = (name: string) => whole.has(name) || (isTarget(name) && isLayer(name));
  return { selects, targetModules: [...targets] };
}

function ofNames(names: readonly string[]): (module: string) => boolean {
  const selected = new Set(names);
  return (module) => selected.has(module);
}

/** The shortest suffixes that select these modules and no others; a few names are kept whole. */
function condensed(names: readonly string[], all: readonly string[]): string[] {
  if (names.length < MANY_TARGETS) return [...names];
  const selected = new Set(names);
  const others = all.filter((name) => !selected.has(name));
  const chosen = new Set<string>();
  for (const name of names) {
    const parts = name.split(".");
    const suffixes = parts.map((_, i) => parts.slice(parts.length - 1 - i).join("."));
    if (suffixes.some((suffix) => chosen.has(suffix))) continue;
    chosen.add(suffixes.find((suffix) => !others.some((other) => isNamed(other, suffix))) ?? name);
  }
  return [...chosen];
}

/** Names in a list that match nothing: PEFT only objects if none of them matches. */
function unmatched(names: readonly string[], model: ModelModules): string[] {
  const missing = missingNames(names, model);
  const others = missing.length - MOST_WARNINGS;
  const more = others > 0 ? [`target_modules: no layer is called by ${counted(others, "more name")}`] : [];
  const lines = missing.slice(0, MOST_WARNINGS).map((name) => {
    const nearest = nearestName(name, lastParts(model));
    const advice = nearest
      ? `did you mean ${JSON.stringify(nearest)}?`
      : `this model has ${lastParts(model).join(", ")}`;
    return `target_modules: no layer is called ${JSON.stringify(name)}; ${advice}`;
  });
  return [...lines, ...more];
}

/** Names that a warning each is about. */
const MOST_WARNINGS = 20;

/** Modules to train in full: PEFT takes every module whose name ends with one of the names. */
export function savedModules(
  model: Pick<ModelModules, "parameters" | "head">,
  names: readonly string[],
): { modules: string[]; warnings: string[] } {
  const all = moduleNames(model);
  const matching = all.filter((module) => names.some((name) => module.endsWith(name)));
  const modules = matching.filter((module) => !matching.some((outer) => module.startsWith(`${outer}.`)));
  const warnings = names
    .filter((name) => !all.some((module) => module.endsWith(name)))
    .map((name) => `modules_to_save: this model has no module ${JSON.stringify(name)}`);
  if (modules.includes(HEAD_MODULE) && model.head !== `${HEAD_MODULE}.weight`) {
    warnings.push("modules_to_save: lm_head is tied to the embedding; a copy of it is trained, no longer tied");
  }
  return { modules, warnings };
}

function missingNames(names: readonly string[], model: ModelModules): string[] {
  const present = new Set(adaptableLayers(model).flatMap(({ layer }) => namesOf(layer.name)));
  return names.filter((name) => !present.has(name));
}

const lastParts = (model: ModelModules) => [
  ...new Set(adaptableLayers(model).map(({ layer }) => layer.name.split(".").at(-1)!)),
];

function noLayer(name: string, model: ModelModules): PrefineError {
  const hint = `Layers of this model: ${lastParts(model).join(", ")}.`;
  const message = `target_modules: ${name}: expected a linear layer or an embedding, found a module of another kind`;
  return new PrefineError("config", message, hint);
}

interface NoTargets {
  model: ModelModules;
  settings: TargetSettings;
  targetModules: readonly string[] | string;
}

function noTargets(isLeftOut: boolean, { model, settings, targetModules }: NoTargets): PrefineError {
  if (isLeftOut) {
    const message = "target_modules: expected layers, found none outside exclude_modules and modules_to_save";
    return new PrefineError("config", message, "Exclude fewer modules.");
  }
  if (typeof targetModules === "string") {
    const message = `target_modules: no module's whole name matches ${JSON.stringify(targetModules)}`;
    return new PrefineError("config", message, `Names here look like ${model.linears[0]?.name}.`);
  }
  const names = lastParts(model);
  if (settings.target_modules === null && targetModules.length === 0) {
    const message = `target_modules: no defaults for model_type ${JSON.stringify(model.modelType)}`;
    return new PrefineError("config", message, `Name some of ${names.join(", ")}, or write all-linear.`);
  }
  const missing = missingNames(targetModules, model);
  const numbers = settings.layers_to_transform ?? null;
  if (missing.length === 0 && targetModules.length > 0) {
    const message = `layers_to_transform: no target is in layer ${[numbers].flat().join(", ")}`;
    return new PrefineError("config", message, `Names here look like ${model.linears[0]?.name}.`);
  }
  const nearest = missing.length > 0 ? nearestName(missing[0], names) : undefined;
  return new PrefineError(
    "config",
    `target_modules: no layer is called ${listed(missing) || "nothing"}; this model has ${names.join(", ")}`,
    nearest ? `Did you mean ${JSON.stringify(nearest)}?` : "Choose among these names.",
  );
}
