/** @file What is judged: pairs of every format, prompts of text files and datasets, in the form that models take. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseExactJson } from "../../formats/exactJson.ts";
import { readJudged, readPrompts } from "./work.ts";

const folder = mkdtempSync(join(tmpdir(), "work-"));
const fileOf = (name: string, content: string | object[]) => {
  const file = join(folder, name);
  const text = typeof content === "string" ? content : content.map((row) => `${JSON.stringify(row)}\n`).join("");
  writeFileSync(file, text);
  return file;
};
const lines: string[] = [];
const access = { onLine: (line: string) => lines.push(line) };
const user = (content: string) => ({ role: "user", content });

describe("prompts", () => {
  test("a text file has one per line; chat models get messages", async () => {
    const file = fileOf("prompts.txt", "one\r\n\n  two  \n");
    const texts = await readPrompts(file, { isChat: false }, access);
    expect(texts).toEqual([{ prompt: "one" }, { prompt: "  two  " }]);
    const chats = await readPrompts(file, { isChat: true, system: "S" }, { ...access, limit: 1 });
    expect(chats).toEqual([{ prompt: [{ role: "system", content: "S" }, user("one")] }]);
  });

  test("a dataset has them in prompt, messages, or what chosen and rejected begin with", async () => {
    const answer = (content: string) => ({ role: "assistant", content });
    const rows = [
      { prompt: [{ role: "system", content: "own" }, user("1")] },
      { messages: [user("2"), answer("a"), user("3"), answer("b")] },
      { chosen: [user("4"), answer("a")], rejected: [user("4"), answer("b")] },
    ];
    const prompts: unknown[] = [];
    for (const [i, row] of rows.entries()) {
      const file = fileOf(`prompts-${i}.jsonl`, [row]);
      prompts.push(...(await readPrompts(file, { isChat: true, system: "S" }, access)));
    }
    const system = { role: "system", content: "S" };
    expect(prompts).toEqual([
      { prompt: rows[0].prompt },
      { prompt: [system, user("2"), answer("a"), user("3")] },
      { prompt: [system, user("4")] },
    ]);
  });

  test.each<[string, string | object[], boolean, string]>([
    ["empty.txt", " \n", false, "expected prompts, found none"],
    [
      "messages.jsonl",
      [{ prompt: [user("1")] }],
      false,
      "row 0: expected a text, found messages: the model has no chat",
    ],
    ["other.jsonl", [{ question: "1" }], true, "row 0: expected a column prompt or messages, found question"],
  ])("%s is refused", async (name, content, isChat, message) => {
    await expect(readPrompts(fileOf(name, content), { isChat }, access)).rejects.toThrow(message);
  });

  test("a file that is not there names one that is", async () => {
    fileOf("questions.txt", "1");
    const read = readPrompts(join(folder, "question.txt"), { isChat: false }, access);
    await expect(read).rejects.toMatchObject({
      message: expect.stringContaining("no such file"),
      hint: expect.stringContaining("questions.txt"),
    });
  });
});

describe("pairs to judge again", () => {
  const shapes = new URL("../../../test/fixtures/shapes/", import.meta.url);
  const pathOf = (name: string) => fileURLToPath(new URL(name, shapes));
  const rowsOf = (name: string) => {
    const text = readFileSync(pathOf(name), "utf8");
    return text
      .trim()
      .split("\n")
      .map((line) => parseExactJson(line) as Record<string, unknown>);
  };
  const names = readdirSync(shapes).filter((name) => name.endsWith(".jsonl") && !name.endsWith(".trl.jsonl"));

  test("of every format that is recognized, as a training reads them", async () => {
    let compared = 0;
    for (const name of names) {
      const axolotl = /^(?:chatml|llama3|zephyr)\.\w+/.exec(name)?.[0];
      const options = { ...access, shape: { data_format: axolotl ?? null } };
      const work = await readJudged(pathOf(name), options).catch((error: Error) => error);
      if (work instanceof Error) continue; // needs data_format, or another option
      const rows = rowsOf(name.replace(".jsonl", ".trl.jsonl"));
      if (work.length !== rows.length || !("prompt" in rows[0])) continue; // ties, pairings; implicit prompts
      const read = work.map(({ prompt, sides = [] }) => [prompt, ...sides.map(({ answer }) => answer)]);
      expect(read, name).toEqual(rows.map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected]));
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
    expect(lines.join("\n")).toContain("arena.jsonl: arena (");
  });

  test("ties are judged too; rows that are no pairs are an error", async () => {
    const work = await readJudged(pathOf("arena.ties.jsonl"), access);
    expect(work.length).toBeGreaterThan(0);
    expect(work[0].sides?.map(({ source }) => source)).toEqual(["chosen", "rejected"]);
    await expect(readJudged(fileOf("none.jsonl", [{ prompt: "Q" }]), access)).rejects.toThrow('the column "chosen"');
  });
});
