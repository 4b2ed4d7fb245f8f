/** @file Phi-3 and Phi-4-mini (transformers' Phi3ForCausalLM): fused layers, heads that rotate in part, LongRoPE. */
import { show } from "../../errors.ts";
import type { ConfigFields } from "./configFields.ts";
import { allLayers, type DecoderFamily, type DecoderSizes, windowOf } from "./decoderConfig.ts";
import { ropeFrequencies } from "./ropeFrequencies.ts";

export const PHI3: DecoderFamily = {
  type: "phi3",
  defaults: {
    vocab_size: 32_064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 4096,
  },
  epsilon: ["rms_norm_eps", 1e-5],
  hasFusedQkv: true,
  mlp: "fused gate",
  dropout: (fields) => ({
    embedding: 0, // transformers leaves embd_pdrop unread
    attention: fields.rate("attention_dropout", 0),
    residual: fields.rate("resid_pdrop", 0),
  }),
  windows: (fields, layers) => allLayers(layers, windowOf(fields, null)),
  ropes: longRope,
};

/** transformers refuses the others, too. */
const wrongType = (fields: ConfigFields, name: string, type: unknown) =>
  fields.fault(`${name}: rope_type: expected default or longrope, found ${show(type)}`);

/** Older files call LongRoPE su or yarn; positions before scaling are 4096 if a file does not say. */
function longRope(fields: ConfigFields, { layers, headSize, positions }: DecoderSizes, theta: number) {
  const json = { original_max_position_embeddings: 4096, ...fields.json };
  for (const name of ["rope_scaling", "rope_parameters"] as const) {
    const rope = json[name as keyof typeof json] as unknown as Record<string, unknown> | null | undefined;
    const type = rope?.rope_type ?? rope?.type;
    if (type === "su" || type === "yarn") Object.assign(json, { [name]: { ...rope, rope_type: "longrope" } });
    else if (type != null && type !== "default" && type !== "longrope") throw wrongType(fields, name, type);
  }
  const shape = { headSize, maxPositions: positions, theta, partial: 1, switches: true };
  return { ropes: [ropeFrequencies({ ...fields, json }, shape)], ropeOf: allLayers(layers, 0) };
}
