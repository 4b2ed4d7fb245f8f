/** @file GGUF metadata -> the contents of config.json and generation_config.json. */
import { PrefineError, show } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";
import { nearestFamily } from "../models/families/architectures.ts";
import { familyFields, GGUF_FAMILIES } from "./ggufFamilies.ts";
import { createReader, type GgufReader } from "./ggufReader.ts";
import type { RotaryFactors } from "./ggufRope.ts";

export interface GgufConfig {
  config: Record<string, unknown>;
  generationConfig: Record<string, unknown>;
}

/**
 * @param factors the contents of the file's tensors of rotary factors.
 * @throws PrefineError("not-yet") for an unsupported family, or a key that would change results; ("model") for missing
 *   or wrong metadata.
 */
export function ggufConfig(file: GgufFile, where: string, factors: RotaryFactors = {}): GgufConfig {
  const read = createReader(file, where);
  const { architecture } = read;
  if (!Object.hasOwn(GGUF_FAMILIES, architecture)) throw unsupported(architecture, where);
  const family = GGUF_FAMILIES[architecture];
  const special = specialTokens(read);
  return {
    config: {
      model_type: family.type,
      architectures: [family.architecture],
      ...familyFields(read, family, factors),
      ...special,
      vocab_size: vocabularySize(file, where),
      dtype: "float32",
    },
    generationConfig: special,
  };
}

function unsupported(architecture: string, where: string): PrefineError {
  const message = `${where}: GGUF files of the family ${show(architecture)} are not supported`;
  const type = nearestFamily(architecture.replaceAll("-", "_"));
  const families = Object.entries(GGUF_FAMILIES);
  const [nearest] = families.find(([name, family]) => name === type || family.type === type) ?? [];
  const hint = nearest === undefined ? "Supported families" : `The nearest that is: ${nearest}. All`;
  return new PrefineError("not-yet", message, `${hint}: ${Object.keys(GGUF_FAMILIES).join(", ")}.`);
}

/** Rows of the embedding: the metadata's vocab_size is missing in many files. */
function vocabularySize({ tensors }: GgufFile, where: string): number {
  const embedding = tensors.get("token_embd.weight");
  if (embedding?.shape.length === 2) return embedding.shape[0];
  throw new PrefineError("model", `${where}: expected the matrix token_embd.weight, found ${show(embedding?.shape)}`);
}

function specialTokens(read: GgufReader): Record<string, number> {
  const names = { bos_token_id: "bos", eos_token_id: "eos", pad_token_id: "padding" };
  const entries = Object.entries(names).map(([key, name]) => [key, read.general(`tokenizer.ggml.${name}_token_id`)]);
  return Object.fromEntries(entries.filter(([, id]) => typeof id === "number"));
}
