/** @file prefine generate and prefine compare on tiny-gpt2, as a user runs them. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { textWidth } from "../src/terminal/text.ts";
import { runCommand } from "./support/runCommand.ts";
import { hasReference, needsReference, referenceFolder } from "./support/shared.ts";

const model = join(referenceFolder, "models/tiny-gpt2");
const PROMPT = "Is a higher octane gasoline better for your car?";

interface Case {
  model: string;
  prompt: string;
  config: Record<string, unknown>;
  text: string;
}

describe.skipIf(!hasReference)(`generate and compare${needsReference}`, () => {
  const cases: Case[] = hasReference
    ? JSON.parse(readFileSync(join(referenceFolder, "generation/greedy.json"), "utf8"))
    : [];
  const of = (config: Record<string, unknown>) =>
    cases.find((one) => one.model === "tiny-gpt2" && JSON.stringify(one.config) === JSON.stringify(config))!;
  const greedy = of({ do_sample: false, max_new_tokens: 40 });
  const note = of({ do_sample: true, top_k: 1, temperature: 0.1, max_new_tokens: 25 });

  let folder: string;
  /** A trained adapter of TRL's, as a run folder whose adapter_config.json names its base by path. */
  let run: string;
  beforeEach(() => {
    vi.stubEnv("COLUMNS", "80");
    vi.stubEnv("LANG", "C.UTF-8");
    folder = mkdtempSync(join(tmpdir(), "prefine-generate-"));
    run = join(folder, "dpo");
    cpSync(join(referenceFolder, "trajectories/note/final_adapter"), run, { recursive: true });
    const path = join(run, "adapter_config.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...config, base_model_name_or_path: model }));
  });

  it("streams transformers' answer to one prompt", async () => {
    const { code, stdout, stderr } = await runCommand("generate", model, "--prompt", PROMPT, "--max-new-tokens", "40");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(PROMPT + stdout).toBe(`${greedy.text}\n`);
  });

  it("searches with beams, by flag or gen.yaml, and writes the answer at the end", async () => {
    const beams = of({ do_sample: false, num_beams: 4, max_new_tokens: 20 });
    const words = ["--prompt", PROMPT, "--max_new_tokens", "20"];
    const { code, stdout, stderr } = await runCommand("generate", model, ...words, "--num_beams", "4");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(PROMPT + stdout).toBe(`${beams.text}\n`);
    const file = join(folder, "gen.yaml");
    writeFileSync(file, "num_beams: 4\nnum_return_sequences: 2\nearly_stopping: never\nlength_penalty: 1.0\n");
    const answers = JSON.parse((await runCommand("generate", model, ...words, "--config", file, "--json")).stdout);
    expect(answers.map(({ prompt }: { prompt: string }) => prompt)).toEqual([PROMPT, PROMPT]);
    expect(PROMPT + answers[0].text).toBe(beams.text);
    expect(answers[1].text).not.toBe(answers[0].text);
    const help = (await runCommand("generate", "--help")).stdout;
    for (const flag of ["--num_beams", "--early_stopping", "--length_penalty"]) expect(help).toContain(flag);
  });

  it("takes the note's settings from gen.yaml, and several prompts", async () => {
    const file = join(folder, "gen.yaml");
    writeFileSync(file, "do_sample: true\ntop_k: 1\ntemperature: 0.1\nmax_new_tokens: 5\n");
    const flags = ["--config", file, "--max_new_tokens", "25", "--prompt", PROMPT, "--prompt", "Why?"];
    const { stdout } = await runCommand("generate", model, ...flags, "--json");
    const answers = JSON.parse(stdout);
    expect(answers).toHaveLength(2);
    expect(answers[0]).toEqual({ prompt: PROMPT, text: note.text.slice(PROMPT.length), finish_reason: "length" });
    const plain = (await runCommand("generate", model, ...flags)).stdout;
    expect(plain).toContain(`> ${PROMPT}\n${answers[0].text.trim()}\n\n> Why?\n`);
  });

  it("names options without effect in one line", async () => {
    const words = [
      "--prompt",
      "Why?",
      "--top_k",
      "3",
      "--use_cache",
      "--compile_config",
      "{}",
      "--max_new_tokens",
      "3",
    ];
    const { code, stderr } = await runCommand("generate", model, ...words);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*compile_config.*no effect/m);
    expect(stderr).toMatch(/^warning: top_k: 3 has no effect without do_sample: true$/m);
  });

  it("reports a wrong setting and a folder without a model in one line", async () => {
    expect(await runCommand("generate", folder, "--prompt", "Why?")).toMatchObject({ code: 1, stdout: "" });
    const { code, stderr } = await runCommand(
      "generate",
      model,
      "--prompt",
      "Why?",
      "--num_beam_groups",
      "3",
      "--top_p",
      "7",
    );
    expect(code).toBe(1);
    expect(stderr.split("\n").slice(0, 3)).toEqual([
      "error: generation:",
      '  --top_p: expected a number from 0 to 1, or null, found "7"',
      expect.stringMatching(/^ {2}--num_beam_groups: not yet: 3 would change results and is not built \(removed in/),
    ]);
  });

  it.each([80, 120])("compares a run with its base model in %i columns", async (columns) => {
    vi.stubEnv("COLUMNS", String(columns));
    const { code, stdout, stderr } = await runCommand("compare", run, "--max_new_tokens", "40");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^prompt: the course note's, since the run names no dataset .*; use --prompt to ask your own\n$/,
    );
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(`> ${PROMPT}`);
    expect(lines[2]).toMatch(/^base: tiny-gpt2 +│ trained: /);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toMatch(/^\[cut at 40 tokens: --max_new_tokens\] *│ \[cut at 40 tokens: --max_new_tokens\]$/m);
  });

  it("compares as JSON, the base model's answer equal to transformers'", async () => {
    const { stdout } = await runCommand("compare", run, "--max_new_tokens", "40", "--json");
    const { original, trained, answers } = JSON.parse(stdout);
    expect({ original, trained }).toEqual({ original: model, trained: run });
    expect(PROMPT + answers[0].original).toBe(greedy.text);
    expect(answers[0].trained).not.toBe(answers[0].original);
    expect(answers[0].finish_reason).toEqual({ original: "length", trained: "length" });
  });

  it("marks cut answers, with the setting that cut them, but no answer that ended", async () => {
    const ask = async (...words: string[]) => (await runCommand("compare", run, "--prompt", "Why?", ...words)).stdout;
    expect(await ask("--max_new_tokens", "1")).toContain("[cut at 1 token: --max_new_tokens]");
    expect(await ask("--max_length", "9")).toMatch(/\[cut at \d tokens: --max_length\]/);
    expect(await ask("--max_new_tokens", "100000")).toMatch(/\[cut at \d+ tokens: context full\]/);
    expect(await ask()).toContain("[cut at 64 tokens: --max_new_tokens]");
    const first = JSON.parse(await ask("--max_new_tokens", "9", "--json")).answers[0];
    const stops = ["original", "trained"].flatMap((side) => ["--stop_strings", first[side].trim().slice(0, 3)]);
    const stopped = await ask("--max_new_tokens", "9", ...stops.filter((word, i) => i === 0 || !word.startsWith("--")));
    expect(stopped).not.toContain("[cut");
  });

  it("shows one answer next to one, whatever num_return_sequences is, and nothing if there is none", async () => {
    const words = ["--prompt", "One?", "--prompt", "Two?", "--max_new_tokens", "3"];
    const beams = ["--num_beams", "2", "--num_return_sequences", "2", "--json"];
    const { answers } = JSON.parse((await runCommand("compare", run, ...words, ...beams)).stdout);
    expect(answers.map(({ prompt }: { prompt: string }) => prompt)).toEqual(["One?", "Two?"]);
  });

  it("shows empty answers and control characters visibly, wide characters in two cells", async () => {
    const mute = join(folder, "mute"); // all weights 0: all logits are equal, and the first token ends the text
    cpSync(model, mute, { recursive: true });
    const weights = readFileSync(join(mute, "model.safetensors"));
    writeFileSync(join(mute, "model.safetensors"), weights.fill(0, 8 + Number(weights.readBigUInt64LE(0))));
    const prompt = ["--prompt", "\u001b[2J \u0007\r日本語の長い質問😀👩‍👩‍👧 ".repeat(4)];
    for (const columns of [40, 80, 120]) {
      vi.stubEnv("COLUMNS", String(columns));
      const { stdout, stderr } = await runCommand("compare", run, "--base", mute, ...prompt);
      expect(stderr).toBe("");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach a terminal
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      expect(stdout.match(/\(nothing\)/g)).toHaveLength(2);
      expect(stdout).not.toContain("[cut");
      for (const line of stdout.split("\n")) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    }
    const { answers } = JSON.parse((await runCommand("compare", run, "--base", mute, ...prompt, "--json")).stdout);
    const finish_reason = { original: "eos_token", trained: "eos_token" };
    expect(answers).toEqual([{ prompt: prompt[1], original: "", trained: "", finish_reason }]);
    const generated = JSON.parse((await runCommand("generate", run, "--base", mute, ...prompt, "--json")).stdout);
    expect(generated).toEqual([{ prompt: prompt[1], text: "", finish_reason: "eos_token" }]);
  });

  it("takes --base as the model under an adapter, as generate does, with the same help", async () => {
    const elsewhere = join(folder, "elsewhere");
    cpSync(model, elsewhere, { recursive: true });
    const path = join(run, "adapter_config.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    const words = ["--prompt", "Why?", "--max_new_tokens", "4", "--json"];
    const before = JSON.parse((await runCommand("compare", run, ...words)).stdout);
    const gone = join(folder, "gone");
    writeFileSync(path, JSON.stringify({ ...config, base_model_name_or_path: gone }));
    for (const command of ["compare", "generate"]) {
      const { code, stderr } = await runCommand(command, run, ...words);
      expect({ command, code }).toEqual({ command, code: 1 });
      expect(stderr).toContain(`found nothing at ${gone}\n`);
      expect(stderr).toContain("--base");
    }
    const compared = JSON.parse((await runCommand("compare", run, "--base", elsewhere, ...words)).stdout);
    expect(compared).toEqual({ ...before, original: elsewhere });
    const [generated] = JSON.parse((await runCommand("generate", run, "--base", elsewhere, ...words)).stdout);
    expect(generated.text).toBe(before.answers[0].trained);
    const whole = await runCommand("generate", model, "--base", elsewhere, ...words);
    expect(whole).toMatchObject({ code: 1, stdout: "" });
    expect(whole.stderr).toContain("--base: expected an adapter, found ");
    for (const command of ["compare", "generate", "merge"]) {
      const { stdout } = await runCommand(command, "--help");
      expect(stdout.replaceAll(/\s+/g, " ")).toContain(
        "--base <model> base model (default: the one recorded in the run)",
      );
    }
  });

  it("finds the base model of a fully trained model in its card, or asks for it", async () => {
    const full = join(folder, "full");
    cpSync(model, full, { recursive: true });
    const asked = await runCommand("compare", full, "--prompt", "Why?");
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain("found no adapter_config.json, no model_name_or_path in");
    const words = ["--prompt", "Why?", "--max_new_tokens", "4", "--json"];
    const based = JSON.parse((await runCommand("compare", full, "--base", model, ...words)).stdout);
    writeFileSync(join(full, "README.md"), `---\nbase_model: ${model}\ntags:\n- dpo\n---\n# full\n`);
    expect(JSON.parse((await runCommand("compare", full, ...words)).stdout)).toEqual(based);
    expect(based.answers[0].original).toBe(based.answers[0].trained);
  });
});
