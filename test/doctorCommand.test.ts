/** @file prefine doctor: its exit codes, its flags, and the copies that --fix writes. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { main } from "../src/cli/main.ts";

const checkout = fileURLToPath(new URL("..", import.meta.url));

type Rows = Record<string, unknown>[];

describe("prefine doctor", () => {
  const folder = mkdtempSync(join(tmpdir(), "prefine-doctor-"));
  const write = (name: string, rows: Rows) => {
    writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return join(folder, name);
  };
  const good = { prompt: "Is tea a drink?", chosen: " Yes.", rejected: " That depends." };
  const run = async (...words: string[]) => {
    const printed: string[] = [];
    const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
    const quiet = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    try {
      return { code: await main(["doctor", ...words]), text: printed.join("") };
    } finally {
      spy.mockRestore();
      quiet.mockRestore();
    }
  };

  test("exits with 0 without severe findings", async () => {
    const { code, text } = await run(write("good.jsonl", [good]));
    expect(code).toBe(0);
    expect(text).toContain("nothing found");
  });

  test("exits with 2 for a severe finding; no control reaches the terminal", async () => {
    const bad = { prompt: "Is ice\u001b[2J warm?\u202e", chosen: " No.", rejected: " No." };
    const { code, text } = await run(write("bad.jsonl", [good, bad]));
    expect(code).toBe(2);
    expect(text).toMatch(/severe +equal +train +1 +50\.0 %/);
    for (const control of ["\u0007", "\u001b", "\u202e"]) expect(text).not.toContain(control);
    expect(text).toContain("\\u001b[2J");
  });

  test("--config examines a run's rows by its format, and names a run file that is absent", async () => {
    const rows = [{ question: "Is tea a drink?", better: " Yes.", worse: " That depends." }];
    const model = join(checkout, "demo", "everyday-gpt2");
    const map = { prompt: "question", chosen: "better", rejected: "worse" };
    const keys = { model_name_or_path: model, data_files: write("renamed.jsonl", rows), map, eval_strategy: "no" };
    writeFileSync(join(folder, "run.yaml"), JSON.stringify(keys));
    const { code, text } = await run("--config", join(folder, "run.yaml"), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ splits: [{ name: "train", rows: 1 }], findings: [] });
    expect((await run("--config", join(folder, "absent.yaml"))).code).toBe(1);
  });

  test("rows that are no preferences are a finding, and do not end it", async () => {
    const { code, text } = await run(
      write("odd.jsonl", [good, { prompt: "Why?", chosen: 7, rejected: "a" }]),
      "--json",
    );
    const { findings } = JSON.parse(text);
    expect(code).toBe(2);
    expect(findings).toContainEqual(expect.objectContaining({ check: "unreadable", rows: [1], count: 1 }));
  });

  test("--fix keeps the format, the columns and the numbers of the rows; an unchanged row stays as it is", async () => {
    const answers = (...texts: string[]) => texts.map((answer, i) => ({ answer, rank: i + 1 }));
    const kept = { id: 1, prompt: "Is tea a drink?", answers: answers("Yes, it is.", "No.", "Perhaps.") };
    const bad = { id: 2, prompt: "Is ice warm?", answers: answers("No.", "Yes.", "") };
    const unread = {
      id: 3,
      prompt: "Is it?",
      answers: answers("No.", "Yes.").map((one) => ({ ...one, rank: "high" })),
    };
    const odd = { id: 4, prompt: "Do fish\u200bes swim?", answers: answers("They do.", "They do not.") };
    const out = join(folder, "ranked-fixed");
    const { code } = await run(write("ranked.jsonl", [kept, bad, unread, odd]), "--fix", out);
    expect(code).toBe(2);
    const rowsOf = (name: string) =>
      readFileSync(join(out, name), "utf8")
        .trim()
        .split("\n")
        .map((l) => JSON.parse(l));
    expect(rowsOf("train.jsonl")).toEqual([kept, { ...odd, prompt: "Do fishes swim?" }]);
    expect(rowsOf("doctor.log")).toEqual([
      { split: "train", row: 1, action: "dropped", check: "empty" },
      { split: "train", row: 2, action: "dropped", check: "unreadable" },
      { split: "train", row: 3, action: "changed", check: "invisibleCharacters" },
    ]);
    expect((await run(out, "--json")).code).toBe(0);
  });

  test("rows that are in no pair are a finding, by why; of two rows of a pair, --fix logs both", async () => {
    const thumb = (prompt: string, completion: string, label: boolean) => ({ prompt, completion, label });
    const alone = thumb("Is ice warm?", " No.", true);
    const rows = [
      thumb("Is tea a drink?", " Yes.", true),
      alone,
      thumb("Is tea a drink?", " No.", false),
      thumb("Why?", " So.", true),
      thumb("Why?", "", false),
    ];
    const out = join(folder, "thumbs-fixed");
    const { text } = await run(write("thumbs.jsonl", rows), "--json", "--fix", out);
    const { splits, findings } = JSON.parse(text);
    expect(splits[0]).toMatchObject({ rows: 5, pairs: 2 });
    const example = "1 without an answer of the other label to the same prompt (row 1)";
    expect(findings).toContainEqual(expect.objectContaining({ check: "noPair", count: 1, rows: [1], example }));
    const log = readFileSync(join(out, "doctor.log"), "utf8").trim().split("\n");
    expect(log.map((line) => [JSON.parse(line).row, JSON.parse(line).check])).toEqual([
      [3, "empty"],
      [4, "empty"],
      [1, "noPair"],
    ]);
  });

  test("--ties and --map read the rows as a training does; ties in both orders contradict nothing", async () => {
    const answers = { response_0: "Yes, it is.", response_1: "No." };
    const rows = [
      { question: "Is tea a drink?", ...answers, better_response_id: 0 },
      { question: "Is ice warm?", ...answers, better_response_id: "tie" },
    ];
    const flags = ["--from", "compared", "--map", "prompt=question", "--json"];
    const checksWith = async (...more: string[]) => {
      const { findings, splits } = JSON.parse((await run(write("compared.jsonl", rows), ...flags, ...more)).text);
      return [splits[0].pairs, ...findings.map((one: { check: string; rows: number[] }) => [one.check, ...one.rows])];
    };
    expect(await checksWith()).toEqual([1, ["unreadable", 1]]);
    expect(await checksWith("--ties", "skip")).toEqual([1, ["noPair", 1]]);
    expect(await checksWith("--ties", "both")).toEqual([3]);
    const out = join(folder, "compared-fixed");
    await run(write("compared.jsonl", [...rows, rows[0]]), ...flags, "--ties", "skip", "--fix", out);
    expect(readFileSync(join(out, "train.jsonl"), "utf8")).toBe(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  });

  test("--fix drops what is equal only without the characters that it removes", async () => {
    const rows = [good, { ...good, chosen: "Tea\u0007", rejected: "Tea" }];
    const out = join(folder, "equal-fixed");
    await run(write("nearly.jsonl", rows), "--fix", out);
    expect(readFileSync(join(out, "train.jsonl"), "utf8")).toBe(`${JSON.stringify(good)}\n`);
  });

  test("--fix writes nothing into the dataset's folder", async () => {
    const { code } = await run(folder, "--fix", join(folder, "within"));
    expect(code).toBe(1);
    expect(readdirSync(folder)).not.toContain("within");
  });

  test("--fix writes a cleaned copy with a log, and overwrites nothing", async () => {
    const path = write("fix.jsonl", [good, { ...good, chosen: "" }, { ...good, prompt: "Is\u0007 it?" }, good]);
    const out = join(folder, "cleaned");
    await run(path, "--fix", out);
    expect(readdirSync(out).sort()).toEqual(["doctor.log", "train.jsonl"]);
    const linesOf = (name: string) =>
      readFileSync(join(out, name), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    expect(linesOf("train.jsonl")).toEqual([good, { ...good, prompt: "Is it?" }]);
    expect(linesOf("doctor.log")).toEqual([
      { split: "train", row: 1, action: "dropped", check: "empty" },
      { split: "train", row: 2, action: "changed", check: "controlCharacters" },
      { split: "train", row: 3, action: "dropped", check: "duplicate" },
    ]);
    expect((await run(out)).code).toBe(0);
    expect((await run(path, "--fix", out)).code).toBe(1);
  });
});
