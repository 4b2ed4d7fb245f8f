/** @file What a run saves: an adapter with its config, or all weights. */
import type { AdapterConfig } from "../../checkpoints/adapterConfig.ts";
import type { SavedModel } from "../../checkpoints/modelFiles.ts";
import type { LoraConfig } from "../../config/LoraConfig.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import type { Storage } from "../../disk/storage.ts";
import type { LoraAdapter } from "../../models/adapters/lora.ts";
import { pythonClassOf } from "../../models/families/pythonClasses.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";
import type { LinearLayer } from "../../models/network.ts";
import { isFromDisk } from "./cardFacts.ts";

interface Saving {
  base: LoadedModel;
  /** Null: all weights are trained. */
  adapter: LoraAdapter | null;
  /** Branch, tag or commit from model_init_kwargs. */
  revision: string | undefined;
  settings: AdapterConfig | LoraConfig | null;
  nameOfBase: string;
}

export function savedModel({ base, adapter, settings, revision, nameOfBase }: Saving): SavedModel {
  if (!adapter || !settings) {
    const { config, generationConfig, leftOut } = base;
    return { kind: "full", config, generationConfig, leftOut };
  }
  const linears = [...adapter.layers.values()].flatMap(({ isEmbedding, layer }) => (isEmbedding ? [] : [layer]));
  const isConv1d = ({ name, layout }: LinearLayer) => layout === "in,out" && !base.architecture.quantized?.has(name);
  const config: AdapterConfig = {
    r: settings.r,
    lora_alpha: settings.lora_alpha,
    lora_dropout: settings.lora_dropout,
    use_rslora: settings.use_rslora,
    use_dora: settings.use_dora,
    bias: settings.bias,
    exclude_modules: settings.exclude_modules,
    layers_to_transform: settings.layers_to_transform,
    layers_pattern: settings.layers_pattern,
    modules_to_save: settings.modules_to_save,
    trainable_token_indices: settings.trainable_token_indices ?? null,
    rank_pattern: settings.rank_pattern ?? {},
    alpha_pattern: settings.alpha_pattern ?? {},
    init_lora_weights: adapter.init,
    target_modules: adapter.targetModules,
    base_model_name_or_path: nameOfBase,
    fan_in_fan_out: linears.length > 0 && linears.every(isConv1d),
    task_type: settings.task_type,
    auto_mapping: settings.task_type === null ? classInPython(settings, base) : null,
    revision: "revision" in settings ? settings.revision : (revision ?? null),
  };
  return { kind: "adapter", config };
}

/** An adapter's own, else PEFT's for the base model. */
function classInPython({ auto_mapping }: AdapterConfig | LoraConfig, base: LoadedModel) {
  return (auto_mapping as AdapterConfig["auto_mapping"]) ?? pythonClassOf(base.config.model_type);
}

/** A folder or file as an absolute path, so that the run finds it from anywhere; a hub id unchanged. */
export function nameOfBase(base: LoadedModel, storage: Storage): string {
  return isFromDisk(base, storage) ? storage.wholePath(base.nameOrPath) : base.nameOrPath;
}

/** TRL copies the tokenizer's padding token into the configs that it saves. */
export function withPadToken(saved: SavedModel, tokenizer: Tokenizer): SavedModel {
  return saved.kind === "full" ? { ...saved, padTokenId: tokenizer.pad_token_id } : saved;
}
