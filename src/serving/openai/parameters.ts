/**
 * @file Every parameter of OpenAI's API for chats and texts, and what the server does with it: the one table, which
 * requests are read by and COMPATIBILITY.md is written from.
 */

export type Endpoint = "chat" | "text";

/** `same`: as OpenAI documents it. `own`: not OpenAI's. `ignored`: no effect. `refused`: an error unless neutral. */
export type Treatment = "same" | "own" | "ignored" | "refused";

export interface Parameter {
  endpoints: readonly Endpoint[];
  treatment: Treatment;
  /** Range or rule; why it is ignored or refused. */
  note: string;
  /** Values of a refused parameter that ask for nothing: they are accepted. */
  neutral?: readonly unknown[];
}

const CHAT = ["chat"] as const;
const TEXT = ["text"] as const;
const BOTH = ["chat", "text"] as const;

const same = (endpoints: readonly Endpoint[], note: string): Parameter => ({ endpoints, treatment: "same", note });
const own = (note: string): Parameter => ({ endpoints: BOTH, treatment: "own", note });
const ignored = (endpoints: readonly Endpoint[], note: string): Parameter => ({
  endpoints,
  treatment: "ignored",
  note,
});
const refused = (endpoints: readonly Endpoint[], note: string, neutral: readonly unknown[] = []): Parameter => ({
  endpoints,
  treatment: "refused",
  note,
  neutral,
});

export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  model: same(BOTH, "a name of `/v1/models`"),
  messages: same(CHAT, "roles system, developer (as system), user, assistant; texts, or parts of type text"),
  prompt: same(TEXT, "a text, texts, token ids, or lists of token ids"),
  max_completion_tokens: same(CHAT, "default: what the context has room for"),
  max_tokens: same(BOTH, "chat: an older name of max_completion_tokens; text: default 16"),
  temperature: same(BOTH, "0 to 2; 0 = greedy. Default: the model's generation_config.json, else 1"),
  top_p: same(BOTH, "0 to 1. Default: the model's generation_config.json, else 1"),
  n: same(BOTH, "1 to 128 answers per prompt, which share the prompt's computation"),
  stop: same(BOTH, "up to 4 texts; the answer ends before the first of them"),
  seed: same(BOTH, "the same request with the same seed has the same answer"),
  stream: same(BOTH, "server-sent events"),
  stream_options: same(BOTH, "`include_usage`; `include_obfuscation` has no effect"),
  logprobs: same(BOTH, "chat: true; text: 0 to 5. Of the model's distribution, before temperature and penalties"),
  top_logprobs: same(CHAT, "0 to 20, with logprobs: true"),
  frequency_penalty: same(BOTH, "-2 to 2"),
  presence_penalty: same(BOTH, "-2 to 2"),
  logit_bias: same(BOTH, "-100 to 100 by token id"),
  echo: same(TEXT, "the prompt before the answer; not with logprobs"),
  top_k: own("sample from the k most likely tokens; 0 = all. Default: the model's generation_config.json, else 0"),
  min_p: own("drop tokens less likely than min_p times the most likely one"),
  repetition_penalty: own("above 0; transformers' penalty of tokens of prompt and answer"),
  user: ignored(BOTH, "the server keeps nothing about its users"),
  safety_identifier: ignored(CHAT, "the server keeps nothing about its users"),
  metadata: ignored(CHAT, "nothing is stored"),
  store: ignored(CHAT, "nothing is stored"),
  service_tier: ignored(CHAT, "there is one"),
  prompt_cache_key: ignored(CHAT, "caches are found by the tokens of the prompt"),
  prompt_cache_options: ignored(CHAT, "caches are found by the tokens of the prompt"),
  prompt_cache_retention: ignored(CHAT, "caches are kept while memory allows"),
  parallel_tool_calls: ignored(CHAT, "there are no tool calls"),
  prediction: ignored(CHAT, "speeds up OpenAI's own models; the answer is the same"),
  best_of: refused(TEXT, "only n answers are computed", ["n"]),
  suffix: refused(TEXT, "models here continue a text, they fill no gaps", [""]),
  tools: refused(CHAT, "answers are texts, not calls of functions", ["[]"]),
  tool_choice: refused(CHAT, "answers are texts, not calls of functions", ["none", "auto"]),
  functions: refused(CHAT, "answers are texts, not calls of functions", ["[]"]),
  function_call: refused(CHAT, "answers are texts, not calls of functions", ["none", "auto"]),
  response_format: refused(CHAT, "answers are not forced into JSON", ['{"type":"text"}']),
  audio: refused(CHAT, "answers are texts"),
  modalities: refused(CHAT, "answers are texts", ['["text"]']),
  moderation: refused(CHAT, "there is no moderation"),
  reasoning_effort: refused(CHAT, "the model's template has no such setting", ["none"]),
  verbosity: refused(CHAT, "the model's template has no such setting", ["medium"]),
  web_search_options: refused(CHAT, "the server searches nothing"),
};

/** Whether a refused parameter asks for nothing. @param n answers per prompt, for best_of */
export function isNeutral({ neutral = [] }: Parameter, value: unknown, n: unknown): boolean {
  const written = typeof value === "string" ? value : JSON.stringify(value);
  return neutral.some((one) => one === written || (one === "n" && value === (n ?? 1)));
}
