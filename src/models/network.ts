/**
 * @file The description of a model family, and the interface with which it writes its forward pass. The same forward
 * pass serves training (packed rows), scoring and generation (cached keys): only `attend` differs.
 * Letters: M tokens (packed or batch x length), C channels, H heads, K key heads, D channels per head.
 */
import type { NarrowDtype, RowPatch, Shape, Tensor } from "../engine/graph/index.ts";
import type { IntegerBlocks } from "../formats/integerBlocks.ts";
import type { Quantization } from "../formats/quantizedBlocks.ts";

/** Module of the unembedding in transformers' causal language models; a tied one has no parameter. */
export const HEAD_MODULE = "lm_head";

/** A linear layer that can have an adapter. */
export interface LinearLayer {
  /** Module name in Hugging Face's model, e.g. `transformer.h.0.attn.c_attn`. */
  name: string;
  inFeatures: number;
  outFeatures: number;
  /** "in,out": GPT-2's Conv1D; "out,in": nn.Linear. PEFT calls the first fan_in_fan_out. */
  layout: "in,out" | "out,in";
  bias: boolean;
}

export interface AttentionShape {
  layer: number;
  heads: number;
  kvHeads: number;
  /** Factor of the scores, usually 1 / sqrt(D). */
  scale: number;
  /** Bounds scores s to cap tanh(s / cap); absent: unbounded. */
  cap?: number;
  /** Dropout of the attention probabilities. */
  dropout: number;
  /** Keys this many positions back and more are hidden (1: a token sees only itself); null: none is. */
  window: number | null;
}

/** The building blocks of a forward pass. */
export interface Network {
  /** A weight by its Hugging Face name. */
  weight(name: string): Tensor;
  /** The unembedding matrix [V, C] with its adapter; some of its rows may be replaced: {@link headPatch}. */
  head(): Tensor;
  /** Rows of the unembedding that are trained individually; null: none. */
  headPatch(): RowPatch | null;
  /** Rows of the named embedding, including its adapter. ids [M] -> [M, C]. */
  embedding(name: string, ids: Tensor): Tensor;
  /** {@link embedding} of words, with noise if training adds it. tokens [M] -> [M, C]. */
  words(embedding: string, tokens: Tensor): Tensor;
  /** x [M, in] -> [M, out]: the layer with its bias and adapter. */
  linear(x: Tensor, layer: LinearLayer): Tensor;
  /** q [M, H D], k and v [M, K D] -> [M, H D]. */
  attend(q: Tensor, k: Tensor, v: Tensor, shape: AttentionShape): Tensor;
  /** Inverted dropout if this network trains with it, else x. `place` names the site: one site, one mask. */
  dropout(x: Tensor, rate: number, place: string): Tensor;
  /** f(inputs) whose intermediate values the backward pass recomputes; its results are kept. */
  recompute(inputs: readonly Tensor[], f: (inputs: readonly Tensor[]) => readonly Tensor[]): Tensor[];
  /** A layer f(x) of the model: with gradient checkpointing the backward pass recomputes all of it from x. */
  layer(x: Tensor, f: (x: Tensor) => Tensor): Tensor;
}

/** The part of transformers' BitsAndBytesConfig that prefine reads. */
export interface QuantizationSettings {
  load_in_8bit: boolean;
  load_in_4bit: boolean;
  bnb_4bit_quant_type: "nf4" | "fp4";
  bnb_4bit_use_double_quant: boolean;
  /** Layers to leave unquantized: starts or ends of their names, or expressions; null: only the head. */
  llm_int8_skip_modules: readonly string[] | null;
}

/** A decoder-only language model, read from config.json. */
export interface Architecture {
  modelType: string;
  vocabSize: number;
  /** Maximum number of positions. */
  maxPositions: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** The sliding window of each layer; see {@link AttentionShape.window}. */
  windows: readonly (number | null)[];
  /**
   * JSON of everything in config.json that decides what the model computes and that its weights do not show, defaults
   * included. Equal weights with other settings are another model.
   */
  settings: Readonly<Record<string, unknown>>;
  /** Floats per token that training keeps for the backward pass, in all layers. */
  keptFloats: number;
  /** Every parameter by its Hugging Face name, in the model's order. */
  parameters: ReadonlyMap<string, Shape & readonly number[]>;
  /** Parameters stored in memory in 16 bits; absent: none. See keepNarrow. */
  stored?: ReadonlyMap<string, NarrowDtype>;
  /** Linear layers in the model's order. */
  linears: readonly LinearLayer[];
  /** Name of the unembedding matrix [V, C]. */
  head: string;
  /** Bounds logits z to cap tanh(z / cap); absent: unbounded. */
  logitsCap?: number;
  /** Texts of more tokens than this have other rotary frequencies, so that cached keys no longer fit; absent: never. */
  cacheLimit?: number;
  /** Linear layers whose frozen weight is kept in 8 or 4 bits, by name; absent: none. */
  quantized?: ReadonlyMap<string, Quantization & Pick<LinearLayer, "layout">>;
  /** Products with these parameters, [out, in], use integers that the session holds; absent: none. Generation only. */
  integers?: ReadonlyMap<string, IntegerBlocks>;
  /** What the files have besides this model, and prefine does not run: copied into saved models; absent: nothing. */
  leftOut?: { part: string; has(tensor: string): boolean };
  /** A module's name, given that in adapters on models of earlier versions of transformers; absent: the same. */
  currentName?(module: string): string;
  /** Other names of a parameter in files (GPT-2 on the hub: without `transformer.`). */
  fileNames(name: string): string[];
  /**
   * tokens, positions [M] int32, rows [N] int32 -> hidden states of these rows after the last norm [N, C]. After the
   * last attention only these rows are computed: no others are needed.
   */
  forward(net: Network, inputs: { tokens: Tensor; positions: Tensor; rows: Tensor }): Tensor;
}
