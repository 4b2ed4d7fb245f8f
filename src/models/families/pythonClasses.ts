/** @file transformers' classes of the families: AutoModelForCausalLM of a model type. */

const CLASSES: Readonly<Record<string, string>> = {
  gpt2: "GPT2LMHeadModel",
  llama: "LlamaForCausalLM",
  mistral: "MistralForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
  gemma: "GemmaForCausalLM",
  gemma2: "Gemma2ForCausalLM",
  gemma3: "Gemma3ForConditionalGeneration",
  gemma3_text: "Gemma3ForCausalLM",
  phi3: "Phi3ForCausalLM",
  smollm3: "SmolLM3ForCausalLM",
  olmo2: "Olmo2ForCausalLM",
  granite: "GraniteForCausalLM",
  gpt_neox: "GPTNeoXForCausalLM",
  starcoder2: "Starcoder2ForCausalLM",
};

/** PEFT's auto_mapping: a class and the module that defines it; null for model types that prefine does not run. */
export function pythonClassOf(modelType: unknown): Record<string, string> | null {
  if (typeof modelType !== "string" || !Object.hasOwn(CLASSES, modelType)) return null;
  const module = modelType.replace(/_text$/, "");
  return { base_model_class: CLASSES[modelType], parent_library: `transformers.models.${module}.modeling_${module}` };
}
