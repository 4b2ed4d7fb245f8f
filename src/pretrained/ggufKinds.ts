/** @file GGUF files that are no language model: refused with what they are, and what to give instead. */
import { PrefineError } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";

interface OtherKind {
  /** llama.cpp's general.type, or general.architecture of older files. */
  types: readonly string[];
  found: string;
  hint: string;
}

const KINDS: readonly OtherKind[] = [
  {
    types: ["mmproj", "clip"],
    found: "the vision or audio part of one (mmproj)",
    hint: "Give the GGUF file of the language model, which is published next to it.",
  },
  {
    types: ["adapter"],
    found: "an adapter",
    hint: "Adapters are read as PEFT saves them: a folder with adapter_config.json and adapter_model.safetensors.",
  },
  { types: ["imatrix"], found: "an importance matrix for quantizing one", hint: "Give the model's own GGUF file." },
];

/** @throws PrefineError("model") for a file with something else than a model's weights. */
export function refuseOtherGguf({ metadata, tensors, where }: GgufFile & { where: string }): void {
  const named = [metadata.get("general.type"), metadata.get("general.architecture")];
  const other = KINDS.find(({ types }) => types.some((type) => named.includes(type)));
  if (other) throw new PrefineError("model", `${where}: expected a language model, found ${other.found}`, other.hint);
  if (tensors.size > 0) return;
  const hasVocabulary = metadata.has("tokenizer.ggml.tokens");
  const found = hasVocabulary ? "only a vocabulary" : "only metadata";
  const hint = hasVocabulary
    ? "Give the file with the weights; this one can be loaded as a tokenizer."
    : "Give the file with the weights.";
  throw new PrefineError("model", `${where}: expected a model's weights, found ${found}: it has no tensors`, hint);
}
