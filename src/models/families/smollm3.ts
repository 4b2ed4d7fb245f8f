/** @file SmolLM3 (transformers' SmolLM3ForCausalLM): Llama with layers that know no positions. */
import { show } from "../../errors.ts";
import type { ConfigFields } from "./configFields.ts";
import { allLayers, type DecoderFamily, oneRope, typedWindows, windowOf } from "./decoderConfig.ts";
import { LLAMA } from "./llama.ts";

export const SMOLLM3: DecoderFamily = {
  ...LLAMA,
  type: "smollm3",
  defaults: {
    vocab_size: 128_256,
    hidden_size: 2048,
    intermediate_size: 11_008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    max_position_embeddings: 32_768,
    tie_word_embeddings: true,
    rope_theta: 2_000_000,
  },
  ropes: (fields, sizes, theta) => {
    const { ropes } = oneRope(fields, sizes, theta);
    return { ropes, ropeOf: rotatedLayers(fields, sizes.layers).map((rotates) => (rotates ? 0 : null)) };
  },
  windows: (fields, layers) => {
    const window = fields.boolean("use_sliding_window", false) ? windowOf(fields, null) : null;
    const typed = typedWindows(fields, { layers, window, needs: "use_sliding_window: true and a" });
    return typed ?? rotatedLayers(fields, layers).map((rotates) => (rotates ? null : window));
  },
};

/** no_rope_layers: 1 for layers that rotate; absent: all but each no_rope_layer_interval-th. */
function rotatedLayers(fields: ConfigFields, layers: number): boolean[] {
  const given = fields.json.no_rope_layers ?? null;
  if (given === null) {
    const interval = fields.integer("no_rope_layer_interval", 4);
    return allLayers(layers, true).map((_, layer) => (layer + 1) % interval !== 0);
  }
  if (Array.isArray(given) && given.length >= layers && given.every((one) => one === 0 || one === 1))
    return given.slice(0, layers).map((one) => one === 1);
  throw fields.fault(`no_rope_layers: expected 0 or 1 for each of ${layers} layers, found ${show(given)}`);
}
