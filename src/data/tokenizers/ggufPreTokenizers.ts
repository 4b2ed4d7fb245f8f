/**
 * @file How a GGUF file's tokenizer splits words, by the names of `tokenizer.ggml.pre` that llama.cpp knows. The
 * patterns are those of the models' own tokenizer.json where llama.cpp only rewrites them.
 */
import {
  DEEPSEEK_WORDS,
  GPT2_WORDS,
  GPT4O_WORDS,
  LLAMA3_WORDS,
  QWEN2_WORDS,
  QWEN35_WORDS,
  TEKKEN_WORDS,
} from "../../patterns/linearPatterns.ts";

export interface WordRule {
  /** Regular expressions, each of which splits what the ones before it left whole. */
  splits: readonly string[];
  /** The models' normalizer, which a GGUF file doesn't name. */
  normalizer?: { type: "NFC" };
  /** A word that is itself a token is not split and merged. */
  ignoreMerges?: boolean;
  /** bos before every text, if `tokenizer.ggml.add_bos_token` doesn't say otherwise. */
  addsBos?: boolean;
}

const NFC = { type: "NFC" } as const;
const DIGITS = "\\p{N}";
const CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
const CJK_WIDE = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";
const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
/** Latin, Greek, Cyrillic and other letters with case, as DeepSeek LLM lists them. */
const CASED =
  "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛ" +
  "ὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯ" +
  "ꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const SYMBOLS = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]";
const BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+";
const SHRINKING_SPACES = [512, 256, 128, 64, 32, 16, 8, 4].map((size) => `\\s{${size}}(?!\\S)`).join("|");

const LLAMA3: WordRule = { splits: [LLAMA3_WORDS], ignoreMerges: true, addsBos: true };
const GPT2: WordRule = { splits: [GPT2_WORDS] };
const NEOX: WordRule = { splits: [GPT2_WORDS], normalizer: NFC };
const QWEN2: WordRule = { splits: [QWEN2_WORDS], normalizer: NFC };
const DIGITS_GPT2: WordRule = { splits: [DIGITS, GPT2_WORDS] };
const DEEPSEEK3: WordRule = { splits: ["\\p{N}{1,3}", CJK, DEEPSEEK_WORDS] };
const GPT4O: WordRule = { splits: [GPT4O_WORDS] };
const BAILING: WordRule = {
  splits: [
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|" +
      "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
  ],
};
const TINY_AYA: WordRule = { splits: ["\\d{1,3}(?=(?:\\d{3})*\\b)", GPT4O_WORDS] };

const named = (names: string, rule: WordRule): Record<string, WordRule> =>
  Object.fromEntries(names.split(" ").map((name) => [name, rule]));

/** Names of `tokenizer.ggml.pre` -> rules. */
export const WORD_RULES: Readonly<Record<string, WordRule>> = {
  default: {
    splits: ["[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2_WORDS, "\\p{N}+", "[0-9][0-9][0-9]"],
  },
  ...named("llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", LLAMA3),
  ...named("gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert exaone4", GPT2),
  ...named("jina-v1-en jina-v2-code roberta-bpe jais trillion granite-docling", GPT2),
  ...named("mpt olmo", NEOX),
  ...named("qwen2 deepseek-r1-qwen kormo f2llmv2 megrez", QWEN2),
  ...named("stablelm2 hunyuan solar-open grok-2", { splits: [QWEN2_WORDS] }),
  ...named("smollm starcoder refact command-r codeshell exaone minerva-7b mellum2", DIGITS_GPT2),
  ...named("dbrx smaug-bpe chatglm-bpe", { splits: [LLAMA3_WORDS] }),
  ...named("glm4 glm5", { splits: [LLAMA3_WORDS], ignoreMerges: true }),
  ...named("deepseek-v3 hunyuan-dense joyai-llm hy_v4", DEEPSEEK3),
  ...named("gpt-4o llama4 kanana2 talkie minimax-m2", GPT4O),
  ...named("bailingmoe bailingmoe2 llada-moe", BAILING),
  ...named("tiny_aya cohere2moe", TINY_AYA),
  ...named("poro-chat bloom gpt3-finnish", { splits: [BLOOM] }),
  viking: { splits: [BLOOM, DIGITS] },
  qwen35: { splits: [QWEN35_WORDS], normalizer: NFC },
  tekken: { splits: [TEKKEN_WORDS], ignoreMerges: true, addsBos: true },
  "granite-embed-multi-97m": { splits: [GPT4O_WORDS], ignoreMerges: true },
  falcon: { splits: ["[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2_WORDS, "[0-9][0-9][0-9]"] },
  "deepseek-llm": {
    splits: ["[\\r\\n]", `\\s?[${CASED}]+`, "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", "\\s+$", CJK_WIDE, "\\p{N}+"],
  },
  "deepseek-coder": { splits: ["[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CJK_WIDE, DIGITS] },
  spark2_5: {
    splits: [
      "\\p{N}{1,3}",
      CJK,
      `${SYMBOLS}[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+`,
      DIGITS,
    ],
  },
  youtu: {
    splits: [
      "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+",
      `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${CONTRACTIONS}?|` +
        `[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${CONTRACTIONS}?|` +
        `\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`,
    ],
    ignoreMerges: true,
  },
  "jais-2": {
    splits: [
      `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|` +
        `${SHRINKING_SPACES}|\\s{1,2}(?!\\S)|\\s{1}`,
    ],
  },
  chameleon: {
    splits: [
      "<sentinel:[0-9]+>",
      "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
      "([\\t\\n]|    |  )",
      DIGITS,
      "[\\p{P}!-/:-@\\[-`{-~]",
      GPT2_WORDS,
    ],
    addsBos: true,
  },
  superbpe: { splits: ["\\p{N}+", "(?=(\\d{3})+(?!\\d))"] },
  "seed-coder": {
    splits: [`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${SPACES}`],
  },
  ufakzeka: { splits: [`[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`] },
  laguna: { splits: ["[^\\n]+|[\\n]+", QWEN2_WORDS] },
  "exaone-moe": {
    splits: [
      `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}|` +
        " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
    ],
  },
  minicpm5: {
    splits: [
      "\\p{N}{1,3}",
      `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`,
    ],
    ignoreMerges: true,
  },
};

/** Rules of architectures whose files may be older than `tokenizer.ggml.pre`. */
export const OLD_RULES: Readonly<Record<string, string>> = { gpt2: "gpt-2", gptneox: "olmo", starcoder2: "starcoder" };

/** Names that llama.cpp maps and prefine refuses, with the reason. */
export const REFUSED_RULES: Readonly<Record<string, string>> = {
  "kimi-k2": "llama.cpp splits it by code of its own",
  afmoe: "llama.cpp splits its digits by code of its own",
  gemma4: "merges of plain UTF-8 over whole lines",
  "granite-embed-multi-311m": "merges of plain UTF-8 over whole lines",
  "sarvam-moe": "merges of plain UTF-8 over whole lines",
  whitespace: "merges of plain UTF-8",
};
