/**
 * @file What people type on the command line, from other tools and by mistake: names of options, commas, mistyped
 * paths, files in other encodings, rows of other formats. One helpful line each.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { runCommand } from "../support/runCommand.ts";
import { jsonLines, PAIRS, refusalOf, train, useWorkbench } from "../support/workbench.ts";

useWorkbench();

const hintOf = (refusal: string) => refusal.split("\n").at(-1);

it("a run of one step counts in the singular, warns of what it leaves out, and quotes its path", async () => {
  const words = ["train", "--config", "run.yaml", "--max_steps", "1", "--output_dir", "it's a run"];
  const { code, stdout, stderr } = await runCommand(...words, "--push_to_hub", "--report_to", "wandb", "--fp16");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toContain("it's a run: trained for 1 step, train_loss");
  expect(stdout).toContain("Next: prefine compare 'it'\\''s a run'\n");
  expect(stderr).not.toMatch(/\b1 (steps|pairs|rows|epochs|tokens)\b/);
  expect(stderr.match(/^warning: no effect: .*$/gm)).toEqual([
    expect.stringMatching(/^warning: no effect: --push_to_hub \(prefine uploads nothing.*; --report_to: wandb \(/),
  ]);
  expect(stderr).toContain("--fp16: prefine trains in float32, as TRL does with fp16: false\n");
});

describe("names of other tools", () => {
  it.each([
    ["--data", "--dataset_name"],
    ["--model", "--model_name_or_path"],
    ["--base_model", "--model_name_or_path"],
    ["--lr", "--learning_rate"],
    ["--epochs", "--num_train_epochs"],
    ["--lora", "--use_peft"],
    ["--lora-rank", "--lora_r"],
    ["--batch-size", "--per_device_train_batch_size"],
    ["--cutoff_len", "--max_length"],
    ["--val_set_size", "--test_split_size"],
    ["--wandb", "--report_to"],
  ])("train %s", async (flag, option) => {
    const name = flag.replaceAll("-", "_").replace(/^__/, "--");
    expect(await train(flag, "1")).toContain(`${name}: unknown flag; did you mean ${option}?`);
  });

  it("in a run file, and an option of another command", async () => {
    writeFileSync("run.yaml", "base_model: gpt2\nsequence_len: 8\nmax_tokens: 5\n");
    const refusal = await train();
    expect(refusal).toContain("base_model: unknown key; did you mean model_name_or_path?");
    expect(refusal).toContain("sequence_len: unknown key; did you mean max_length?");
    expect(refusal).toContain("max_tokens: unknown key; max_new_tokens belongs to generate");
  });

  it.each([
    ["generate", "--max_tokens", "Did you mean --max_new_tokens?"],
    ["generate", "--n", "Did you mean --num_return_sequences?"],
    ["compare", "--stop", "Did you mean --stop_strings?"],
    ["generate", "--system-prompt", "Did you mean --system?"],
    ["merge", "--output", "Did you mean --output_dir?"],
    ["plot", "--margins", "Did you mean --metrics?"],
    ["plot", "--metric", "Did you mean --metrics?"],
  ])("%s %s", async (command, flag, hint) => {
    expect(hintOf(await refusalOf(command, "model", flag, "1"))).toBe(hint);
  });

  it("of metrics, and metrics with commas", async () => {
    const log_history = [{ loss: 1, "rewards/margins": 1, epoch: 1, step: 1 }];
    writeFileSync("trainer_state.json", JSON.stringify({ log_history }));
    const plot = (metric: string) => refusalOf("plot", "trainer_state.json", "--metrics", metric);
    expect(hintOf(await plot("margins"))).toBe("Did you mean rewards/margins?");
    expect(hintOf(await plot("loss,margins"))).toBe("Separate them: --metrics loss margins, or a list.");
    const best = ["--metric_for_best_model", "margins", "--eval_strategy", "epoch", "--eval_on_start"];
    expect(await train(...best)).toContain("Did you mean eval_rewards/margins?");
  });
});

describe("values", () => {
  it.each([
    [["--lora_target_modules", "q_proj,v_proj"], 'found ["q_proj,v_proj"]; write --lora_target_modules q_proj v_proj'],
    [["--lora_target_modules", "q_proj,", "v_proj"], "write --lora_target_modules q_proj v_proj"],
    [["--lora_target_modules", '["q_proj", "v_proj"]'], "write --lora_target_modules q_proj v_proj"],
    [["--loss_type", "sigmoid,sft"], "write --loss_type sigmoid sft"],
    [["--loss_weights", "1,0.5"], "write --loss_weights 1 0.5"],
    [["--loss_type", "dpo"], "DPO's own loss is sigmoid"],
    [["--optim", "adamw"], "AdamW is adamw_torch"],
    [["--dtype", "bf16"], "did you mean bfloat16?"],
    [["--dataset_test_split", "test,valid"], "write --dataset_test_split test valid"],
  ])("%j", async (words, advice) => {
    expect(await train(...words)).toContain(advice);
  });

  it("a temperature of 0", async () => {
    expect(await refusalOf("generate", "model", "--prompt", "a", "--temperature", "0")).toContain(
      '--temperature: expected a number above 0, or null, found "0"; greedy decoding is do_sample: false',
    );
  });
});

describe("a mistyped path", () => {
  it.each([
    ["generate", ["--prompt", "a"]],
    ["compare", ["--prompt", "a"]],
    ["merge", []],
  ])("%s says first that it is not there", async (command, words) => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    mkdirSync("runs/dpo-large", { recursive: true });
    for (const [path, near] of [
      ["modle", "model"],
      ["runs/dpo-lrage", "runs/dpo-large"],
      ["run/dpo-large", "runs/dpo-large"],
    ]) {
      const refusal = await refusalOf(command, path, ...words);
      expect(refusal).toMatch(new RegExp(`^error: ${path}: no such file or folder; as a hub id: `));
      expect(hintOf(refusal)).toBe(`Did you mean ${near}?`);
    }
    expect(await refusalOf(command, "runs/other", ...words)).toMatch(/^error: runs\/other: no such file or folder; /);
    expect(hintOf(await refusalOf(command, "./modle", ...words))).toBe("Did you mean model?");
    expect(await refusalOf(command, "nothing-alike", ...words)).toMatch(
      /^error: nothing-alike: no such file or folder; /,
    );
    expect(await refusalOf(command, "no/such-model", ...words)).not.toContain("no such file");
    vi.unstubAllEnvs();
  });

  it("of a log, a run file, data and a dataset", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(hintOf(await refusalOf("plot", "modle"))).toBe("Did you mean model?");
    expect(hintOf(await refusalOf("train", "--config", "rnu.yaml"))).toBe("Did you mean run.yaml?");
    expect(hintOf(await train("--data_files.train", "trian.jsonl"))).toBe("Did you mean train.jsonl?");
    const generate = ["generate", "model", "--prompt", "a", "--config", "rnu.yaml"];
    expect(hintOf(await refusalOf(...generate))).toBe("Did you mean run.yaml?");
    expect(hintOf(await refusalOf("data", "trian.jsonl"))).toBe("Did you mean train.jsonl?");
    expect(hintOf(await refusalOf("data", "train.jsnl"))).toBe("Did you mean train.jsonl?");
    vi.unstubAllEnvs();
  });

  it("of a split that has to be held out", async () => {
    const flags = ["--model_name_or_path", "model", "--dataset_name", "train.jsonl", "--output_dir", "x"];
    const refusal = await refusalOf("train", ...flags, "--eval_strategy", "epoch");
    expect(refusal).toMatch(/^error: data_files: no split "test": the splits are train\n/);
    expect(hintOf(refusal)).toMatch(
      /^Hold rows out of train: the split train\[90%:\] .*\(test_split_size does so for a mix/,
    );
    expect(hintOf(await refusalOf("data", "train.jsonl", "--split", "validation"))).toMatch(/^Hold rows out of train/);
  });
});

/** A text in an encoding that Windows' programs write. */
function encoded(text: string, encoding: string, hasMark: boolean): Uint8Array {
  const width = encoding.startsWith("UTF-32") ? 4 : 2;
  const units = [...(hasMark ? "\ufeff" : ""), ...text].map((char) => char.charCodeAt(0));
  const view = new DataView(new ArrayBuffer(units.length * width));
  const isLittle = encoding.endsWith("LE");
  for (const [i, unit] of units.entries()) {
    if (width === 4) view.setUint32(4 * i, unit, isLittle);
    else view.setUint16(2 * i, unit, isLittle);
  }
  return new Uint8Array(view.buffer);
}

describe("a file in another encoding", () => {
  const FILES: [name: string, text: string, words: string[]][] = [
    ["wide rows.jsonl", jsonLines(PAIRS), ["train", "--config", "run.yaml", "--data_files.train", "wide rows.jsonl"]],
    ["rows.json", JSON.stringify(PAIRS), ["data", "rows.json"]],
    ["run.yaml", "model_name_or_path: model", ["train", "--config", "run.yaml"]],
    ["gen.yaml", "top_k: 1", ["generate", "model", "--prompt", "a", "--config", "gen.yaml"]],
    ["model/config.json", "{}", ["generate", "model", "--prompt", "a"]],
    ["model/tokenizer.json", "{}", ["generate", "model", "--prompt", "a"]],
    ["trainer_state.json", '{"log_history": []}', ["plot", "trainer_state.json"]],
  ];
  it.each(FILES)("%s is named, with the command that converts it", async (name, text, words) => {
    const further = name === "run.yaml" ? ["UTF-16BE", "UTF-32LE", "UTF-32BE"] : [];
    for (const encoding of ["UTF-16LE", ...further]) {
      for (const hasMark of [true, false]) {
        writeFileSync(name, encoded(text, encoding, hasMark));
        const [message, hint] = (await refusalOf(...words)).split("\n");
        expect(message).toMatch(new RegExp(`^error: (.*/)?${name}: expected a text in UTF-8, found ${encoding}$`));
        expect(hint).toContain(`iconv -f ${encoding} -t UTF-8 `);
        if (name.includes(" ")) expect(hint).toContain("'wide rows.jsonl' > 'wide rows.jsonl.utf8'");
      }
    }
  });

  it.each(["rows.jsonl", "rows.json", "rows.csv", "rows.txt"])("%s in Windows-1252 is named", async (name) => {
    writeFileSync(name, Buffer.from('{"prompt": "a", "chosen": "caf\u00e9", "rejected": "b"}\n', "latin1"));
    const [message, hint] = (await refusalOf("data", name)).split("\n");
    expect(message).toMatch(new RegExp(`^error: ${name}(:1)?: expected .*, found:? bytes that are no UTF-8$`));
    expect(hint).toMatch(/^Save it as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 \S+ > \S+\.utf8$/);
  });

  it("UTF-8 may have a byte order mark", async () => {
    const { readFileSync } = await import("node:fs");
    for (const name of ["run.yaml", "train.jsonl", "model/config.json", "model/tokenizer_config.json"]) {
      writeFileSync(name, `\ufeff${readFileSync(name, "utf8")}`);
    }
    expect(await train("--beta", "-1")).toBe(
      'error: run.yaml: --beta: expected a number of at least 0, found "-1"\n`prefine train --help-all` lists all keys.',
    );
    expect(await train("--lora_target_modules", "nothing_like_it")).not.toMatch(/JSON|encod/);
  });
});

describe("rows of other formats", () => {
  const NEEDS = "Preference data has the columns chosen and rejected, and optionally prompt";
  const from = (role: string, value: string) => ({ from: role, value });
  it.each<[string, object, string, string]>([
    [
      "ShareGPT",
      { conversations: [from("human", "a"), from("gpt", "b")] },
      'expected the column "chosen", found conversations',
      "map each { from, value } to { role, content }, with human as user and gpt as assistant.",
    ],
    [
      "ShareGPT's lists beside a text",
      { chosen: [from("human", "a"), from("gpt", "b")], rejected: "c" },
      'expected "chosen" to be a string, found a list',
      "map each { from, value } to { role, content }",
    ],
    [
      "no rejected",
      { prompt: "a", chosen: "b" },
      'expected the column "rejected", found prompt, chosen',
      `${NEEDS}: rename yours with a map (on the command line: --process FILE.mjs).`,
    ],
    [
      "SFT",
      { prompt: "a", completion: "b" },
      'expected the column "chosen", found prompt, completion',
      `${NEEDS}; rows with one answer per prompt are for supervised fine-tuning.`,
    ],
    [
      "another separator",
      { "prompt;chosen;rejected": "a;b;c" },
      'expected the column "chosen", found prompt;chosen;rejected',
      'in a run file datasets: [{ path: FILE, sep: ";" }], in code loadDataset(FILE, { sep: ";" }).',
    ],
    [
      "rows under a key",
      { version: 1, data: [{ prompt: "a", chosen: "b", rejected: "c" }] },
      'expected the column "chosen", found version, data',
      `${NEEDS}. The rows seem to be the list data: in a run file datasets: [{ path: FILE, field: data }], in code`,
    ],
    [
      "other names",
      { question: "a", better: "b", worse: "c" },
      'expected the column "chosen", found question, better',
      `${NEEDS}: map: { prompt: question, chosen: better, rejected: worse } in a run file, --map`,
    ],
  ])("%s", async (_, row, message, hint) => {
    writeFileSync("rows.jsonl", jsonLines([row, row]));
    const refusal = await train("--data_files.train", "rows.jsonl");
    expect(refusal).toMatch(/error: train( row 0 \(rows\.jsonl\))?: /);
    expect(refusal).toContain(message);
    expect(hintOf(refusal)).toContain(hint);
  });

  it("ShareGPT's pairs are read; a model without a chat template can't have them", async () => {
    const row = { conversations: [from("human", "a")], chosen: from("gpt", "b"), rejected: from("gpt", "c") };
    writeFileSync("rows.jsonl", jsonLines([row, row]));
    expect(await train("--data_files.train", "rows.jsonl")).toContain("expected a tokenizer with a chat template");
  });

  it("thumbs of one label have no pair", async () => {
    const row = { prompt: "a", completion: "b", label: true };
    writeFileSync("rows.jsonl", jsonLines([row, row]));
    const refusal = await train("--data_files.train", "rows.jsonl");
    expect(refusal).toContain("train: expected preferences in thumbs rows, found none: ");
    expect(refusal).toContain("without an answer of the other label to the same prompt");
  });
});
