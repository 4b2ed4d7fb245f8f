/** @file The fuzzer's chat template: what is read with it, and how it is changed. */
import { cpSync, writeFileSync } from "node:fs";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import type { Dice } from "./dice.ts";
import { mutateBytes } from "./mutateBytes.ts";

const CHAT_TEMPLATE = `{%- macro show(value, depth=0) %}{{ value | tojson(indent=2) if depth else value }}{% endmacro %}
{%- set ns = namespace(turns=0) %}
{%- for tool in tools or [] %}{{ show(tool, 1) }}{% endfor %}
{%- for message in messages if message.role != 'tool' %}
    {%- set ns.turns = ns.turns + 1 %}
    {%- if message.content is string %}<|{{ message['role'] }}|>{{ message.content | trim }}
    {%- else %}{% for part in message.content or [] %}{{ part.text[:9] ~ loop.index }}{% endfor %}{% endif %}
    {%- for call in message.tool_calls | default([], true) %}
        {%- for key, value in call.function.arguments.items() %}{{ "%s=%s" % (key, value) }}{% endfor %}
    {%- endfor %}
{%- endfor %}{{ '{:>5}'.format(ns.turns) }}
`;

/** Messages with tools and numbers, which a template may print in any way. */
const CALL = { name: "pay", arguments: { amount: 50, id: 2n ** 70n, by: { b: 1, "10": 2 } } };
const MESSAGES = [
  { role: "system", content: "Be brief." },
  { role: "user", content: [{ type: "text", text: "Pay.\u202e" }] },
  { role: "assistant", content: null, tool_calls: [{ type: "function", function: CALL }] },
];

export async function readTemplate(): Promise<void> {
  const tokenizer = await AutoTokenizer.from_pretrained("chat");
  const text = tokenizer.apply_chat_template(MESSAGES, {
    tools: [{ type: "function", function: CALL }],
    tokenize: false,
  });
  if (typeof text !== "string") throw new Error("a wrong answer: a template gives no text");
}

/** A model with the template. */
export function furnishTemplate(folder: string): void {
  cpSync("model", folder, { recursive: true });
  writeFileSync(`${folder}/chat_template.jinja`, CHAT_TEMPLATE);
}

/** Loops and texts without end, nesting, odd tags and names: each must end with one message. */
const JINJA_PARTS = [
  "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
  "{% set ns = namespace(t='ab') %}{% for i in range(99) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
  "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
  "{{ 'a' * 10 ** 12 }}",
  "{{ 9 ** 9 ** 9 ** 9 }}",
  "{{ '%999999999999d' % 1 }}",
  `{{ ${"(".repeat(9999)}1${")".repeat(9999)} }}`,
  "{{ messages.constructor }}{{ messages[0].__proto__ }}{{ toString }}",
  "{{ ''.__class__.__mro__ }}",
  "{% raw %}",
  "{% endfor %}",
  "{% break %}",
  "{{ 1 // 0 }}",
  "{{ messages | tojson(indent=-1) }}",
  "{{ messages | map('nosuch') | list }}",
  "{{ '{0.a[b]!r:>{1}}'.format(1, 2) }}",
  "{#",
  "{{ '\\ud800\\N{X}' }}",
  "\u0000\u202e\ufeff",
];

/** Puts parts between characters of the template, or changes its bytes. */
export function mutateJinja(bytes: Buffer, dice: Dice): Buffer {
  if (dice.chance(0.4)) return mutateBytes(bytes, dice);
  const text = bytes.toString();
  const at = dice.below(text.length + 1);
  return Buffer.from(text.slice(0, at) + dice.pick(JINJA_PARTS) + text.slice(at));
}
