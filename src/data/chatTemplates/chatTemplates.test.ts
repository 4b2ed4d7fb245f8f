/** @file Chat templates render as in transformers: Python's strings, values and scopes, errors, options. */
import { describe, expect, test } from "vitest";
import fixture from "../../../test/fixtures/chat.json" with { type: "json" };
import { pythonFloat } from "../../formats/pythonFloat.ts";
import { repr } from "./python/text.ts";
import { type RenderOptions, renderChat } from "./renderChat.ts";
import { strftime } from "./strftime.ts";
import { chooseTemplate, readChatTemplate, templateFiles } from "./templates.ts";

const { rendered, versions } = fixture;
const templates: Record<string, string> = rendered.templates;

function render(template: string, messages: number, options: number): { text?: string; error?: string } {
  const { enable_thinking, ...known } = rendered.options[options] as Record<string, unknown>;
  const variables = { ...rendered.special, ...(enable_thinking === undefined ? {} : { enable_thinking }) };
  try {
    const text = renderChat(templates[template], rendered.conversations[messages], {
      ...(known as RenderOptions),
      variables,
    });
    return { text };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

describe(`transformers ${versions.transformers}`, () => {
  test.each(Object.keys(templates))("template: %s", (name) => {
    const cases = rendered.cases.filter(({ template }) => template === name);
    expect(cases.length).toBe(rendered.conversations.length * rendered.options.length);
    for (const { messages, options, ...wanted } of cases) {
      const found = render(name, messages, options);
      const where = `conversation ${messages}, options ${options}`;
      if (wanted.text === undefined) expect(found.error, where).toBeTypeOf("string");
      else expect(found, where).toEqual({ text: wanted.text });
    }
  });

  test("at least half of the cases render", () => {
    const texts = rendered.cases.filter(({ text }) => text !== undefined);
    expect(texts.length).toBeGreaterThan(rendered.cases.length / 2);
  });

  test("strftime", () => {
    const dates = [new Date(2024, 1, 9, 3, 4, 5), new Date(2023, 11, 31, 15, 0, 0)];
    for (const { format, texts } of fixture.strftime) {
      expect(dates.map((date) => strftime(date, format))).toEqual(texts);
    }
    expect(fixture.strftime.length).toBeGreaterThan(5);
  });
});

describe("messages of errors", () => {
  const user = [{ role: "user", content: "q" }];
  test.each([
    ["{{ messages[0].role + messages }}", 'can only concatenate str (not "list") to str'],
    ["{{ messages[0].role + messages[0].nothing }}", "'dict object' has no attribute 'nothing'"],
    ["{{ messages[0].nothing.more }}", "'dict object' has no attribute 'nothing'"],
    ["{{ raise_exception('Roles must alternate') }}", "Roles must alternate"],
  ])("%s", (template, message) => {
    expect(() => renderChat(template, user, {})).toThrow(message);
  });
  test("invalid messages", () => {
    expect(() => renderChat("x", ["q"], {})).toThrow('expected a message with role and content, found "q"');
    expect(() => renderChat("x", [], {})).toThrow("expected at least one message");
  });
  test("a last message that the template leaves out cannot be left open", () => {
    const options = { continue_final_message: true };
    expect(() => renderChat("{{ messages[0].role }}{# content #}", user, options)).toThrow("omits a part");
    expect(() => renderChat("{{ messages }}", user, options)).toThrow('no field "content"');
  });
});

describe("Python's str and repr of values", () => {
  test.each([
    [1, "1.0"],
    [0.1, "0.1"],
    [1e-5, "1e-05"],
    [0.0001, "0.0001"],
    [1e16, "1e+16"],
    [123456789012345680, "1.2345678901234568e+17"],
    [-0, "-0.0"],
  ])("float %d", (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });
  test.each([
    ["it's", `"it's"`],
    [`it's "x"`, `'it\\'s "x"'`],
    ["a\n\t\\\x00é\u3000\u{10ffff}", "'a\\n\\t\\\\\\x00é\\u3000\\U0010ffff'"],
  ])("repr of %j", (value, text) => {
    expect(repr(value)).toBe(text);
  });
});

describe("choice of the template", () => {
  const options = { tools: false, where: "m" };
  test("files win over the config, and have names", () => {
    const files = new Map([
      ["chat_template.jinja", "d"],
      ["additional_chat_templates/tool_use.jinja", "t"],
      ["additional_chat_templates/notes.txt", "n"],
    ]);
    const both = readChatTemplate({ chat_template: "config's" }, files, "m");
    expect(both).toEqual({ default: "d", tool_use: "t" });
    expect(templateFiles(both)).toEqual(new Map([...files].slice(0, 2)));
    expect(chooseTemplate(both, undefined, options)).toBe("d");
    expect(chooseTemplate(both, undefined, { ...options, tools: true })).toBe("t");
    expect(chooseTemplate(both, "tool_use", options)).toBe("t");
    expect(chooseTemplate(both, "{{ own }}", options)).toBe("{{ own }}");
    expect(readChatTemplate({ chat_template: "config's" }, new Map(), "m")).toBe("config's");
    expect(readChatTemplate({}, new Map([["chat_template.jinja", "d"]]), "m")).toBe("d");
  });
  test("a list in the config", () => {
    const list = [
      { name: "default", template: "d" },
      { name: "rag", template: "r" },
    ];
    expect(readChatTemplate({ chat_template: list }, new Map(), "m")).toEqual({ default: "d", rag: "r" });
    expect(() => readChatTemplate({ chat_template: [5] }, new Map(), "m")).toThrow(
      "m: chat_template: expected a string",
    );
  });
  test("no template, or no default", () => {
    expect(() => chooseTemplate(null, undefined, options)).toThrow("m: expected a tokenizer with a chat template");
    expect(() => chooseTemplate({ rag: "r" }, undefined, options)).toThrow("named default, found rag");
    expect(() => templateFiles({ "../x": "" })).toThrow("a name that is a valid file name");
  });
});

test.each([
  ["{{ tools | reject('equalto', 'b') | join(',') }} {{ [1, 2, 3] | select('odd') | list }}", "a,c [1, 3]"],
  [
    "{{ ['b', 'A', 'B'] | unique | list }} {{ [3, 1, 2] | max }} {{ ['b', 'A'] | min }} {{ [1, 2.5] | sum }}",
    "['b', 'A'] 3 A 3.5",
  ],
  [
    "{{ 3.14159 | round(2) }} {{ 2.5 | round }} {{ -7 % 3 }} {{ 7 % 3 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}",
    "3.14 2.0 2 1 True True",
  ],
  ["{{ '%s-%d' | format('a', 3) }} {{ '%05d|%-4s|%.2f|%x' % (42, 'ab', 3.14159, 255) }}", "a-3 00042|ab  |3.14|ff"],
  ["{{ '{} {x}'.format('a', x=2) }} {{ '7'.zfill(3) }} {{ 'a=b'.partition('=') | list }}", "a 2 007 ['a', '=', 'b']"],
  ["{{ '<a & b>' | e }} {{ 'one two'.title() }} {{ 'abc'.index('c') }}", "&lt;a &amp; b&gt; One Two 2"],
])("%s, as Jinja 3.1 writes it", (template, text) => {
  const tools = ["a", "b", "c"];
  expect(renderChat(template, [{ role: "user", content: "x" }], { tools })).toBe(text);
});
