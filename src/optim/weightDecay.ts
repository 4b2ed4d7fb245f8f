/** @file Which parameters weight decay applies to: Trainer.get_decay_parameter_names of transformers. */

/** transformers' own patterns, and the names of GPT-2's LayerNorm modules (which transformers tells by type). */
const NO_DECAY = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)|(?:^|\.)ln_(?:\d+|f)\./;

/**
 * False for biases and the weights of norms; true for all other weights, LoRA's matrices among them.
 * @param name a Hugging Face parameter name or PEFT's file key.
 */
export function decays(name: string): boolean {
  return !NO_DECAY.test(name.toLowerCase());
}
