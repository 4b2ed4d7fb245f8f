/** @file Which class transformers' AutoTokenizer makes of a model's files. */

import { CLASS_OF_MODEL, FROM_FILE } from "./classOfModel.ts";

/** Model types whose files name a wrong class: transformers takes the model's. */
const WRONGLY_NAMED = new Set(
  "qwen2 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen4_exp hyperclovax hyperclovax_vision_v2".split(" "),
);
/** Model types with a tokenizer and no config of their own, which AutoTokenizer finds only by the class's name. */
const WITHOUT_CONFIG = new Set(
  (
    "barthez bartpho bert-japanese bertweet byt5 code_llama cpm herbert mbart50 mega mluke myt5 nezha nllb phobert " +
    "qdqbert realm retribert wav2vec2_phoneme"
  ).split(" "),
);
const MISTRAL = new Set(
  "mistral mistral3 mistral_large4 ministral ministral3 mixtral pixtral voxtral voxtral_realtime".split(" "),
);

const GENERIC = new Set(["TokenizersBackend", "PythonBackend", "PreTrainedTokenizer", "BloomTokenizer"]);

/** Other names of classes, and of classes that derive from them without a change. */
const ALIASES: Record<string, string> = {
  BartTokenizer: "RobertaTokenizer",
  LongformerTokenizer: "RobertaTokenizer",
  LEDTokenizer: "RobertaTokenizer",
  MvpTokenizer: "RobertaTokenizer",
  CodeGenTokenizer: "GPT2Tokenizer",
  ConvBertTokenizer: "BertTokenizer",
  DistilBertTokenizer: "BertTokenizer",
  ElectraTokenizer: "BertTokenizer",
  LayoutLMTokenizer: "BertTokenizer",
  LxmertTokenizer: "BertTokenizer",
  MobileBertTokenizer: "BertTokenizer",
  SqueezeBertTokenizer: "BertTokenizer",
  Phi3Tokenizer: "LlamaTokenizer",
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
  if (named === undefined) return WITHOUT_CONFIG.has(modelType as string) ? FROM_FILE : (ofModel ?? FROM_FILE);
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
    "Speech2TextTokenizer SpeechT5Tokenizer TapasTokenizer VitsTokenizer Wav2Vec2CTCTokenizer XLMTokenizer " +
    "FastSpeech2ConformerTokenizer ParakeetTokenizer Pop2PianoTokenizer RagTokenizer Wav2Vec2PhonemeCTCTokenizer"
  ).split(" "),
);
