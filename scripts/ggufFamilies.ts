/** @file The table of model families and their GGUF files in COMPATIBILITY.md, from the tables in src. */
import { MODEL_TYPES } from "../src/models/families/architectures.ts";
import { GGUF_FAMILIES } from "../src/pretrained/ggufFamilies.ts";

/** What files of an architecture do not say, and what is taken. */
const UNSAID: Record<string, string> = {
  gemma2:
    "`query_pre_attn_scalar`: the width of a head, with 46 layers (27B) `hidden_size` / heads; without a key, soft caps " +
    "50 and 30, window 4096, on every second layer",
  gemma3:
    "`query_pre_attn_scalar`: as Gemma 2, with 62 layers (27B); without a key, each sixth layer sees all positions, no " +
    "window at all, and `rope_local_base_freq` 10000",
  phi3: "the window of Phi-3 for 4096 positions in files without the key: 2047; applied as in transformers, while llama.cpp leaves it out",
  smollm3: "`no_rope_layers`: each fourth layer has no rope",
  granite: "without a key, or with 0: scores times 1 / sqrt(head size), the other factors 1",
  gptneox: "`hidden_act`: gelu, with 44 layers of 6144 (20B) gelu_fast; llama.cpp itself has the approximation for all",
  starcoder2: "`sliding_window`: 4096 in the published models (30, 32 or 40 layers, 16384 positions), else none",
};

const codes = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

/** The section on GGUF files. */
export function ggufTable(): string {
  const rows = MODEL_TYPES.map((type) => {
    const found = Object.entries(GGUF_FAMILIES).find(([, family]) => family.type === type);
    if (!found) return `| \`${type}\` | not read | | |`;
    const [architecture, { keys }] = found;
    return `| \`${type}\` | \`${architecture}\` | ${codes(keys) || "none"} | ${UNSAID[architecture] ?? ""} |`;
  });
  return `## Families: GGUF

Model families by \`model_type\`, all of them from safetensors, and their GGUF files by \`general.architecture\`, as
llama.cpp's converter writes them: its order of rows in queries and keys (Llama, Mistral, SmolLM3, Granite) and in
GPT-NeoX's fused layer, and its 1 + weight of Gemma's norms, are undone, so that adapters, merged models and trained
weights are those of the safetensors. Queries, keys and values may be one tensor. Sizes, epsilon, rope and its scaling
are read for all, \`rope_freqs.weight\` for Llama, Mistral, SmolLM3 and Granite, \`rope_factors_long.weight\` and
\`rope_factors_short.weight\` for Phi-3; dropout is 0. Any other key of an architecture is refused by name, unless its
value means that it is not used, and so is a tensor that the family does not have. Models in parts
(\`-00001-of-00003.gguf\`, llama-gguf-split) are read where all parts are in one folder or repository; vision parts
(\`mmproj\`), adapters, importance matrices and files without tensors are refused.

| model_type | general.architecture | keys of its own | not in the file |
|---|---|---|---|
${rows.join("\n")}
`;
}
