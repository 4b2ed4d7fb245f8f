/** @file The tables of tokenizers in COMPATIBILITY.md, from the tables in src/data/tokenizers. */
import { TOKENIZER_CLASSES } from "../src/data/tokenizers/classParts.ts";
import { DECODERS } from "../src/data/tokenizers/decoders.ts";
import { OLD_RULES, REFUSED_RULES, WORD_RULES, type WordRule } from "../src/data/tokenizers/ggufPreTokenizers.ts";
import { MODELS } from "../src/data/tokenizers/models.ts";
import { NORMALIZERS } from "../src/data/tokenizers/normalizers.ts";
import { POST_PROCESSORS } from "../src/data/tokenizers/postProcessor.ts";
import { PRE_TOKENIZERS } from "../src/data/tokenizers/preTokenizers.ts";
import { REFUSED_CLASSES } from "../src/data/tokenizers/tokenizerClasses.ts";

const codes = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

interface Part {
  readers: object;
  refused: Record<string, string>;
}

/** What is read but for some values of a setting. */
const EXCEPT: Record<string, string> = {
  model: "BPE's `dropout` other than 0 or null",
  post_processor:
    "a template without `$A`, with it twice or with `$B` in `single`; a Sequence of which two processors add tokens",
};

/** The sections on tokenizers. */
export function tokenizerTables(): string {
  return [kinds(), syntax(), classes(), gguf()].join("\n");
}

function kinds(): string {
  const parts: Record<string, Part> = {
    normalizer: NORMALIZERS,
    pre_tokenizer: PRE_TOKENIZERS,
    model: { readers: MODELS, refused: {} },
    post_processor: POST_PROCESSORS,
    decoder: DECODERS,
  };
  const rows = Object.entries(parts).map(([name, { readers, refused }]) => {
    const not = Object.entries(refused).map(([type, reason]) => `\`${type}\`: ${reason}`);
    const except = [...not, ...(EXCEPT[name] ? [EXCEPT[name]] : [])].join("; ");
    return `| \`${name}\` | ${codes(Object.keys(readers))} | ${except || "none"} |`;
  });
  const flags = "`single_word`, `lstrip`, `rstrip`, `normalized`, `special`";
  return `## Tokenizers: tokenizer.json

Kinds of Hugging Face's tokenizers, with the same ids and texts, or refused by name (a type that is in neither column is
refused, too). Flags of added tokens: ${flags}, and \`split_special_tokens\` of tokenizer_config.json. The sections
\`truncation\` and \`padding\` change no ids, as in transformers; \`padding\` names the padding token.
Ids of \`added_tokens\` are the vocabulary's, or the next free one in the file's order: the file's own ids do not count,
as in Python. Where several normalized tokens normalize to one text, Python draws one of them at each load; prefine
takes the last. One of which the normalizer leaves nothing is refused.

| part | same | refused |
|---|---|---|
${rows.join("\n")}
`;
}

function syntax(): string {
  const same =
    "classes with `&&`, `[[:alpha:]]` and `\\p{...}`; `\\h \\H \\R \\N \\O`; `\\A \\z \\Z \\b \\B \\G`; possessive and lazy " +
    "quantifiers; atomic groups; look-ahead and look-behind; `(?i) (?m) (?x)` and their groups; comments";
  const refused =
    "back-references, `\\X \\K \\Y \\y \\g \\k`, conditions, absence `(?~`, callouts `(*`, blocks `\\p{In...}`, look-behind " +
    "without a bounded length, the flags W D S P, `(?i)` around letters with ligatures (ss, ff, fi, fl, st)";
  return `## Tokenizers: regular expressions

Oniguruma's syntax, as in Hugging Face's tokenizers. A search that takes too many steps ends with an error.

| | |
|---|---|
| same | ${same} |
| refused | ${refused} |
`;
}

function classes(): string {
  const names = Object.keys(TOKENIZER_CLASSES);
  return `## Tokenizers: classes

The class that transformers' AutoTokenizer makes of \`tokenizer_class\` and \`model_type\`. These set the normalizer, the
pre-tokenizer, the decoder and special tokens themselves: ${codes(names)}. Every name that is in neither list reads
tokenizer.json as it is (\`TokenizersBackend\`, \`PreTrainedTokenizerFast\`, ...). Refused by name: ${codes([...REFUSED_CLASSES])}.
`;
}

function gguf(): string {
  const yes = (value: unknown) => (value ? "yes" : "no");
  const byRule = new Map<WordRule, string[]>();
  for (const [name, rule] of Object.entries(WORD_RULES)) byRule.set(rule, [...(byRule.get(rule) ?? []), name]);
  const rows = [...byRule].map(
    ([rule, names]) =>
      `| ${codes(names)} | ${yes(rule.addsBos)} | no | ${yes(rule.ignoreMerges)} | ${rule.normalizer ? "NFC" : "none"} |`,
  );
  const old = Object.entries(OLD_RULES)
    .map(([name, rule]) => `\`${rule}\` if its architecture is ${name}`)
    .join(", ");
  const refused = Object.entries(REFUSED_RULES).map(([name, reason]) => `| \`${name}\` | refused: ${reason} | | | |`);
  return `## Tokenizers: GGUF

Names of \`tokenizer.ggml.pre\` (with \`tokenizer.ggml.model\` gpt2) that llama.cpp has. \`tokenizer.ggml.add_bos_token\`
and \`add_eos_token\` of a file win over the columns bos and eos. llama.cpp's \`clean_spaces\` changes only its own decoded
texts; prefine decodes as transformers does. A file without a name splits by ${old}, any other by
\`default\`. \`tokenizer.ggml.model\` llama (SentencePiece's BPE) adds bos; Phi-3's tokens of turns take the white space
behind them. Other models (bert, t5, rwkv, plamo2, gemma4,
hybriddna, whitespace) are refused.

| tokenizer.ggml.pre | bos | eos | ignore_merges | normalizer |
|---|---|---|---|---|
${[...rows, ...refused].join("\n")}
`;
}
