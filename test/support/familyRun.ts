/** @file A family's small model as a user has it: trained by the command line, asked, merged. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { byteTokenizer } from "./byteTokenizer.ts";
import { FAMILIES, randomModel } from "./randomModel.ts";

const ROWS = ["rain", "bread", "a long road", "seven"].map((topic) => ({
  prompt: `What is ${topic}?`,
  chosen: ` ${topic}: here it is`,
  rejected: " I would rather not say",
}));

type Run = (...words: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;

/** @returns what each command says, errors by their exit code first. @param folder an empty one */
export async function runFamily(folder: string, family: string, run: Run) {
  const [base, rows, output] = ["base", "rows.jsonl", "run"].map((name) => join(folder, name));
  mkdirSync(base, { recursive: true });
  await randomModel(base, { ...FAMILIES[family], vocab_size: 257 });
  for (const [name, bytes] of byteTokenizer().files) writeFileSync(join(base, name), bytes);
  writeFileSync(rows, ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const steps = ["--max_steps", "2", "--logging_steps", "1", "--learning_rate", "1e-2"];
  const adapter = ["--use_peft", "true", "--lora_target_modules", "all-linear", "--per_device_train_batch_size", "2"];
  const outcomes = [
    await run(
      "train",
      "--model_name_or_path",
      base,
      "--dataset_name",
      rows,
      "--output_dir",
      output,
      ...steps,
      ...adapter,
    ),
    await run("generate", output, "--prompt", "What is rain?", "--max_new_tokens", "8"),
    await run("merge", output, "--output_dir", `${output}-merged`),
    await run("generate", `${output}-merged`, "--prompt", "What is rain?", "--max_new_tokens", "8"),
  ];
  const faults = outcomes.filter(({ code }) => code !== 0).map(({ stderr }) => stderr);
  const state = faults.length > 0 ? "{}" : readFileSync(join(output, "trainer_state.json"), "utf8");
  const { log_history = [] } = JSON.parse(state) as { log_history?: { loss?: number }[] };
  const losses = log_history.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  return { faults, losses, answers: [outcomes[1].stdout, outcomes[3].stdout] };
}
