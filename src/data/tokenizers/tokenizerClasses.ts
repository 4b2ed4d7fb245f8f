/** @file Which class transformers' AutoTokenizer makes of a model's files. */

/** Classes that take all parts from tokenizer.json. */
export const FROM_FILE = "TokenizersBackend";

const listed = (tokenizerClass: string, modelTypes: string): [string, string][] =>
  modelTypes.split(" ").map((type) => [type, tokenizerClass]);

/** transformers 5.23's TOKENIZER_MAPPING_NAMES for language models; those that it lacks have no class of their own. */
const CLASS_OF_MODEL: ReadonlyMap<string, string> = new Map([
  ...listed("GPT2Tokenizer", "gpt2 gpt_neo gptj codegen dbrx phi opt starcoder2 emu3 jais2 hyperclovax_vision_v2"),
  ...listed("GPTNeoXTokenizer", "gpt_neox falcon_mamba mamba mamba2 mpt olmo olmoe rwkv xlstm"),
  ...listed(
    "Qwen2Tokenizer",
    "qwen2 qwen2_moe qwen2_vl qwen2_5_vl qwen2_audio qwen2_5_omni qwen3 qwen3_moe qwen3_next",
  ),
  ...listed("Qwen2Tokenizer", "qwen3_vl qwen3_vl_moe qwen3_omni_moe qwen3_asr internvl ovis2 colqwen2"),
  ...listed("Qwen3_5Tokenizer", "qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen4_exp"),
  ...listed("GemmaTokenizer", "gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma t5gemma zaya"),
  ...listed("CohereTokenizer", "cohere cohere2 aya_vision"),
  ...listed("CodeLlamaTokenizer", "code_llama"),
  ...listed("LlamaTokenizer", "idefics idefics2"),
  ...listed(FROM_FILE, "mistral mistral3 mistral_large4 ministral ministral3 mixtral pixtral voxtral voxtral_realtime"),
  ...listed(FROM_FILE, "aria flex_olmo glm glm4 glm4_moe glm4_moe_lite glm4v glm4v_moe gpt_bigcode granite granitemoe"),
  ...listed(FROM_FILE, "granitemoehybrid granitemoeshared kimi_k25 kimi_linear mimo_v2_flash olmo2 olmo3 olmo_hybrid"),
  ...listed(FROM_FILE, "persimmon stablelm arctic chatlm ernie4_5 ernie4_5_moe fuyu h2ovl_chat hyperclovax internlm2"),
  ...listed(FROM_FILE, "internlm3 iquestcoder jamba llava llava_next minicpm3 minicpmv minimax_m2 modernbert molmo"),
  ...listed(FROM_FILE, "modernbert-decoder molmo2 nemotron opencua phi3 phi3_v phimoe step3_vl vipllava smolvlm"),
]);

/** Model types whose files name a wrong class: transformers takes the model's. */
const WRONGLY_NAMED = new Set(
  "qwen2 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp hyperclovax hyperclovax_vision_v2".split(" "),
);
const MISTRAL = new Set(
  "mistral mistral3 mistral_large4 ministral ministral3 mixtral pixtral voxtral voxtral_realtime".split(" "),
);

const GENERIC = new Set(["TokenizersBackend", "PythonBackend", "PreTrainedTokenizer", "BloomTokenizer"]);

/** Other names of classes, and of classes that derive from them without a change. */
const ALIASES: Record<string, string> = {
  BartTokenizer: "RobertaTokenizer",
  LEDTokenizer: "RobertaTokenizer",
  MvpTokenizer: "RobertaTokenizer",
  CodeGenTokenizer: "GPT2Tokenizer",
  ConvBertTokenizer: "BertTokenizer",
  DistilBertTokenizer: "BertTokenizer",
  LxmertTokenizer: "BertTokenizer",
  MobileBertTokenizer: "BertTokenizer",
  SqueezeBertTokenizer: "BertTokenizer",
};

const plain = (name: string): string => {
  const short = name.replace(/Fast$/, "");
  return GENERIC.has(short) || short === "" ? FROM_FILE : (ALIASES[short] ?? short);
};

/** What AutoTokenizer decides by. */
export interface ClassChoice {
  /** tokenizer_class of tokenizer_config.json, or else of config.json. */
  named: string | undefined;
  modelType: string | undefined;
  /** tokenizer_config.json has an auto_map for AutoTokenizer: code of its own, which is not run. */
  hasOwnCode: boolean;
  /** A part of tokenizer.json besides the model is ByteLevel. */
  isByteLevel: boolean;
}

/**
 * The class of AutoTokenizer.from_pretrained, without "Fast"; FROM_FILE for those that read all of tokenizer.json.
 * transformers' models/auto/tokenization_auto.py, with tokenizers and without mistral-common.
 */
export function tokenizerClassOf({ named, modelType, hasOwnCode, isByteLevel }: ClassChoice): string {
  const ofModel = modelType === undefined ? undefined : CLASS_OF_MODEL.get(modelType);
  if (named === undefined) return modelType === "code_llama" ? FROM_FILE : (ofModel ?? FROM_FILE); // it has no config
  if (hasOwnCode) return plain(named);
  // Llama 3 names LlamaTokenizer, but is byte-level
  const isLlama = named.replace(/Fast$/, "") === "LlamaTokenizer";
  const isExempt = modelType !== undefined && (MISTRAL.has(modelType) || WRONGLY_NAMED.has(modelType));
  if (isLlama && isByteLevel && !isExempt) return FROM_FILE;
  if (ofModel === undefined || ofModel === plain(named)) return plain(named);
  if (ofModel === FROM_FILE) return FROM_FILE;
  return WRONGLY_NAMED.has(modelType as string) ? ofModel : plain(named);
}

/** Classes with parts of their own that are not built. Any name that transformers doesn't have reads tokenizer.json. */
export const REFUSED_CLASSES: ReadonlySet<string> = new Set(
  (
    "AlbertTokenizer BarthezTokenizer BigBirdTokenizer BlenderbotTokenizer CLIPTokenizer CamembertTokenizer " +
    "DPRContextEncoderTokenizer DPRQuestionEncoderTokenizer DPRReaderTokenizer DebertaTokenizer DebertaV2Tokenizer " +
    "EsmcTokenizer FNetTokenizer FunnelTokenizer HerbertTokenizer LasrTokenizer LayoutLMv2Tokenizer " +
    "LayoutLMv3Tokenizer LayoutXLMTokenizer LukeTokenizer MBart50Tokenizer MBartTokenizer MLukeTokenizer " +
    "MPNetTokenizer MarkupLMTokenizer NllbTokenizer NougatTokenizer OpenAIGPTTokenizer PegasusTokenizer " +
    "ReformerTokenizer RemBertTokenizer RoFormerTokenizer SeamlessM4TTokenizer Siglip2Tokenizer SplinterTokenizer " +
    "T5Tokenizer Tipsv2Tokenizer UdopTokenizer VideoPrismTokenizer WhisperTokenizer XGLMTokenizer " +
    "XLMRobertaTokenizer XLNetTokenizer BartphoTokenizer BertGenerationTokenizer BertJapaneseTokenizer " +
    "BertweetTokenizer BioGptTokenizer BlenderbotSmallTokenizer ByT5Tokenizer CTRLTokenizer CanineTokenizer " +
    "ClvpTokenizer CpmAntTokenizer CpmTokenizer DiaTokenizer EsmTokenizer FSMTTokenizer FlaubertTokenizer " +
    "GPTNeoXJapaneseTokenizer GPTSw3Tokenizer M2M100Tokenizer MarianTokenizer MgpstrTokenizer MyT5Tokenizer " +
    "PLBartTokenizer PerceiverTokenizer PhobertTokenizer ProphetNetTokenizer RoCBertTokenizer SiglipTokenizer " +
    "Speech2TextTokenizer SpeechT5Tokenizer TapasTokenizer VitsTokenizer Wav2Vec2CTCTokenizer XLMTokenizer"
  ).split(" "),
);
