/** @file prefine data convert: there and back, what is refused, a file that is whole or untouched. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../../test/support/runCommand.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prefine-convert-"));
});

const at = (name: string) => join(folder, name);
const write = (name: string, ...lines: string[]) => writeFileSync(at(name), lines.map((line) => `${line}\n`).join(""));
const convert = (from: string, out: string, ...more: string[]) =>
  runCommand("data", "convert", at(from), at(out), ...more);

const ORCA = [
  '{"system":"Be brief.","question":"What is rain?","chosen":"Water.","rejected":"A wide field.","score":5}',
  '{"system":"","question":"Who?","chosen":"5","rejected":"{}","score":2.5,"id":9007199254740993,"by":{"10":1.0,"2":[]}}',
];

describe("there and back", () => {
  it("keeps every key, text and number, by a line per row or a list", async () => {
    write("orca.jsonl", ...ORCA);
    expect((await convert("orca.jsonl", "trl.json", "--to", "trl")).code).toBe(0);
    const { code, stdout } = await convert("trl.json", "back.jsonl", "--to", "orca");
    expect(code).toBe(0);
    expect(stdout).toContain("trl.json: train: trl (prompt, chosen, rejected are messages)");
    expect(stdout).toContain("back.jsonl: 2 rows in the format orca");
    const sorted = (text: string) =>
      text
        .trim()
        .split("\n")
        .map((line) =>
          line
            .slice(1, -1)
            .split(/,(?="\w+":)/)
            .toSorted(),
        );
    expect(sorted(readFileSync(at("back.jsonl"), "utf8"))).toEqual(sorted(ORCA.join("\n")));
  });

  it("keeps NaN and infinities, as Python writes them", async () => {
    const rows = ["NaN", "-Infinity"].map((n) => `{"prompt":"Q","chosen":"G","rejected":"B","s":${n}}`);
    write("odd.jsonl", ...rows);
    expect((await convert("odd.jsonl", "out.jsonl", "--to", "trl")).code).toBe(0);
    expect(readFileSync(at("out.jsonl"), "utf8").trim().split("\n")).toEqual(rows);
  });

  it("texts become messages with --chat alone", async () => {
    write("texts.jsonl", '{"prompt":"Hi","chosen":"Yes","rejected":"No"}');
    const { code, stderr } = await convert("texts.jsonl", "out.jsonl", "--to", "openai");
    expect(code).toBe(1);
    expect(stderr).toContain('train row 0: "prompt": openai can\'t hold a text without a role');
    expect((await convert("texts.jsonl", "out.jsonl", "--to", "openai", "--chat")).code).toBe(0);
    expect(JSON.parse(readFileSync(at("out.jsonl"), "utf8")).input.messages).toEqual([{ role: "user", content: "Hi" }]);
  });
});

describe("refused by row and field, with the file as it was", () => {
  const REFUSED: [string, string, string][] = [
    [
      "another column",
      '{"question":"Hi","chosen":"a","rejected":"b","id":7}',
      '"id": openai can\'t hold other columns',
    ],
    ["0 is a value", '{"question":"Hi","chosen":"a","rejected":"b","id":0}', '"id": openai can\'t hold other columns'],
    ["no prompt", '{"prompt":"","note":"Is it?","chosen":"a","rejected":"b"}', "expected a prompt, found an empty one"],
  ];
  it.each(REFUSED)("%s", async (_, line, expected) => {
    write(
      "in.jsonl",
      '{"question":"Hi","chosen":"a","rejected":"b"}'.replace(
        "question",
        line.includes("question") ? "question" : "prompt",
      ),
      line,
    );
    write("out.jsonl", "before");
    const { code, stderr } = await convert("in.jsonl", "out.jsonl", "--to", "openai", "--chat");
    expect(code).toBe(1);
    expect(stderr).toContain(`row 1: ${expected}`);
    expect(readFileSync(at("out.jsonl"), "utf8")).toBe("before\n");
    expect(readdirSync(folder).toSorted()).toEqual(["in.jsonl", "out.jsonl"]);
  });

  it.each<[string, string, string[]]>([
    [
      "hh: a text that reads as a turn",
      '{"question":"Hi","chosen":"a\\n\\nHuman: b","rejected":"c"}',
      ["hh", "chosen[1]"],
    ],
    ["alpaca: an input of its own", '{"question":"Hi","input":"Lo","chosen":"a","rejected":"c"}', ["alpaca", "input"]],
    [
      "sharegpt: two answers",
      '{"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"rejected":[{"role":"user","content":"a"},{"role":"assistant","content":"d"}]}',
      ["sharegpt", "chosen"],
    ],
    ["chatml: another format", '{"prompt":"Hi","chosen":"a","rejected":"c"}', ["chatml.intel", "chosen"]],
    [
      "orca: an image in a message",
      '{"prompt":[{"role":"user","content":"a","images":[1]}],"chosen":[{"role":"assistant","content":"b"}],"rejected":[{"role":"assistant","content":"c"}]}',
      ["orca", "prompt[0].images"],
    ],
  ])("%s", async (_, line, [to, field]) => {
    write("in.jsonl", line);
    const { code, stderr } = await convert("in.jsonl", "out.jsonl", "--to", to);
    expect(code).toBe(1);
    expect(stderr).toContain(`row 0: "${field}": ${to} can't hold`);
  });

  it("a file that is read, another extension, a format that is none, several splits", async () => {
    write("a.jsonl", ORCA[0]);
    write("b.jsonl", ORCA[0]);
    expect((await convert("a.jsonl", "a.jsonl", "--to", "trl")).stderr).toContain("expected another file than the one");
    expect((await convert("a.jsonl", "a.csv", "--to", "trl")).stderr).toContain("expected a .jsonl or .json file");
    expect((await convert("a.jsonl", "c.jsonl", "--to", "orka")).stderr).toContain("Did you mean orca?");
    expect((await convert("a.jsonl", "c.jsonl", "--to", "trl", "--map", "a")).stderr).toContain(
      "Expected column=column",
    );
    expect((await convert("a.jsonl", "c.jsonl", "--to", "trl", "--pairing-margin", "x")).stderr).toContain(
      "a number from 0",
    );
  });
});
