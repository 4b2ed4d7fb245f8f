/**
 * @file Keys of tensors of adapters as PEFT versions and other tools write them -> PEFT's file keys. A state dict saved
 * as it is in memory names the adapter (`lora_A.default.weight`); wrappers and other tools add or drop prefixes.
 */
import { PrefineError } from "../errors.ts";

export const PREFIX = "base_model.model.";

/** Parts of names that torch.compile and FSDP add. */
const WRAPPERS = /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module)\./g;

/** PEFT's keys with an adapter's name; what is left without it is the first group, then `end`. */
const NAMED: readonly { pattern: RegExp; end: string }[] = [
  { pattern: /^(.*\.lora_[AB])\.([^.]+)\.weight$/, end: ".weight" },
  { pattern: /^(.*\.lora_embedding_[AB])\.([^.]+)$/, end: "" },
  { pattern: /^(.*\.lora_magnitude_vector)\.(?!weight$)([^.]+)(?:\.weight)?$/, end: "" },
  { pattern: /^(.*\.trainable_tokens_delta)\.([^.]+)$/, end: "" },
  { pattern: /^(.*)\.modules_to_save\.([^.]+)\.weight$/, end: ".weight" },
  { pattern: /^(.*)\.modules_to_save\.([^.]+)\.bias$/, end: ".bias" },
];

/** A parameter inside a module of modules_to_save, such as a whole MLP. */
const NESTED = /^(.*)\.modules_to_save\.([^.]+)\.(.+\.(?:weight|bias))$/;

/** A key without the adapter's name. */
function withoutName(key: string): { key: string; adapter?: string } {
  if (key.endsWith(".lora_magnitude_vector.weight")) return { key: key.slice(0, -".weight".length) };
  for (const { pattern, end } of NAMED) {
    const [, rest, adapter] = pattern.exec(key) ?? [];
    if (rest !== undefined) return { key: rest + end, adapter };
  }
  const [, outer, adapter, inner] = NESTED.exec(key) ?? [];
  if (outer !== undefined) return { key: `${outer}.${inner}`, adapter };
  return { key };
}

/**
 * @param keys of the file. @param where its path, for messages.
 * @returns PEFT's key -> the file's.
 * @throws PrefineError("model") for tensors of several adapters, or two with the same key.
 */
export function standardKeys(keys: Iterable<string>, where: string): Map<string, string> {
  const standard = new Map<string, string>();
  const adapters = new Set<string>();
  for (const own of keys) {
    let plain = own.replace(WRAPPERS, "");
    while (plain.startsWith(PREFIX + PREFIX)) plain = plain.slice(PREFIX.length);
    const { key, adapter } = withoutName(plain.startsWith(PREFIX) ? plain : PREFIX + plain);
    if (adapter !== undefined) adapters.add(adapter);
    const other = standard.get(key);
    const isCopy = other !== undefined && [own, other].some((each) => each.includes(".modules_to_save."));
    if (other !== undefined && !isCopy) {
      const message = `${where}: tensors "${other}" and "${own}" are the same one of an adapter`;
      throw new PrefineError("model", message, "Save the adapter again with PEFT's save_pretrained.");
    }
    if (other === undefined || other.includes(".modules_to_save.")) standard.set(key, own); // a copy of the plain one
  }
  if (adapters.size < 2) return standard;
  const message = `${where}: expected tensors of one adapter, found ${[...adapters].sort().join(", ")}`;
  throw new PrefineError("model", message, "Save each of them alone: PEFT's save_pretrained, selected_adapters.");
}
