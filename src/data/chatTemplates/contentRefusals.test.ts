/** @file Templates that may refuse a message for its content, and those that look at roles and forms alone. */
import { expect, test } from "vitest";
import { refusesByContent } from "./renderChat.ts";

const RAISE = "{{ raise_exception('no') }}";
const forEach = (body: string) => `{% for message in messages %}${body}{% endfor %}`;

test.each([
  ["a content", forEach(`{% if 'bad' in message.content %}${RAISE}{% endif %}`)],
  ["an empty content", forEach(`{% if not message['content'] %}${RAISE}{% endif %}`)],
  [
    "otherwise",
    forEach(`{% if message.content == 'x' %}x{% elif message.role == 'user' %}u{% else %}${RAISE}{% endif %}`),
  ],
  ["a name", forEach(`{% set text = message.content | trim %}{% if text %}a{% else %}${RAISE}{% endif %}`)],
  ["a part", forEach(`{% for part in message.content %}{% if part.type == 'image' %}${RAISE}{% endif %}{% endfor %}`)],
  [
    "a namespace",
    `{% set ns = namespace(bad=false) %}${forEach("{% if 'x' in message.content %}{% set ns.bad = true %}{% endif %}")}{% if ns.bad %}${RAISE}{% endif %}`,
  ],
  [
    "a macro",
    `{% macro check(text) %}{% if 'x' in text %}${RAISE}{% endif %}{% endmacro %}${forEach("{{ check(message.content) }}")}`,
  ],
  [
    "a macro that refuses",
    `{% macro stop() %}${RAISE}{% endmacro %}${forEach("{% if message.content == '' %}{{ stop() }}{% endif %}")}`,
  ],
  ["a choice", forEach("{{ raise_exception('no') if message.content == 'x' else message.content }}")],
  ["a filter", `{% if messages | map(attribute='content') | join == '' %}${RAISE}{% endif %}`],
  ["a name that is set later in the loop", forEach(`{% if last %}${RAISE}{% endif %}{% set last = message.content %}`)],
])("refuses by %s", (_, template) => {
  expect(refusesByContent(template)).toBe(true);
});

test.each([
  ["no refusal", forEach("{% if 'x' in message.content %}x{% endif %}{{ message.content }}")],
  [
    "the order of roles",
    forEach(
      `{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}${RAISE}{% endif %}{% set content = message['content'] %}{{ content }}`,
    ),
  ],
  [
    "a system message",
    `{% if messages[0]['role'] == 'system' %}${RAISE}{% endif %}${forEach("{{ message.content | trim }}")}`,
  ],
  [
    "the kind of a content",
    forEach(
      `{% if message.content is string %}{{ message.content }}{% elif message.content is iterable %}l{% else %}${RAISE}{% endif %}`,
    ),
  ],
  [
    "a content that is absent",
    forEach(`{% if 'content' not in message or message.content is none %}${RAISE}{% endif %}`),
  ],
  ["an invalid template", "{% if"],
])("does not: %s", (_, template) => {
  expect(refusesByContent(template)).toBe(false);
});
