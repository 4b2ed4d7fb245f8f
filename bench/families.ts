/** @file `npm run bench -- --family NAME`: LoRA on the shape of a published model with random weights. */
import { join } from "node:path";
import { PrefineError } from "../src/errors.ts";
import { runBenchmark } from "./commandLine.ts";
import { benchRows, writeRandomModel } from "./materials.ts";
import { mean, type TrainingReport, type TrlMeasurements } from "./measurements.ts";
import { findPython, measureTrl } from "./peers.ts";
import { measure } from "./processes.ts";

const NEW_TOKENS = 100;
const TARGETS = "q_proj,k_proj,v_proj,o_proj";

/** config.json by the name of --family, with the token ids of GPT-2's tokenizer. */
const SHAPES: Readonly<Record<string, Record<string, unknown>>> = {
  /** Gemma 3 270M: most of it is the embedding of 262,144 words. */
  gemma3: {
    model_type: "gemma3_text",
    architectures: ["Gemma3ForCausalLM"],
    hidden_size: 640,
    intermediate_size: 2048,
    num_hidden_layers: 18,
    num_attention_heads: 4,
    num_key_value_heads: 1,
    head_dim: 256,
    max_position_embeddings: 32_768,
    sliding_window: 512,
    query_pre_attn_scalar: 256,
    vocab_size: 262_144,
    bos_token_id: 50_256,
    eos_token_id: 50_256,
    pad_token_id: 50_256,
  },
};

interface FamilyMeasurements {
  seconds_per_step: number;
  peak_rss_bytes: number;
  checkpointing_seconds_per_step: number;
  checkpointing_peak_rss_bytes: number;
  generate_tokens_per_second: number;
  trl: TrlMeasurements | null;
}

/** @param dtype of the weights in the file. @param folder an empty one. */
async function measureFamily(
  family: string,
  {
    dtype,
    folder,
    rows,
    say,
    withTrl,
  }: { dtype: "F32" | "BF16"; folder: string; rows: number; say: (line: string) => void; withTrl: boolean },
): Promise<FamilyMeasurements> {
  say(`writing a random ${family} in ${dtype} ...`);
  await writeRandomModel(folder, SHAPES[family], dtype);
  const train = (kind: string) => {
    say(`training (${kind}) ...`);
    const { report } = measure<TrainingReport>("Training", [folder, 1, 2, join(folder, kind), kind, TARGETS, rows]);
    return { seconds: mean(report.steps.slice(rows)), peak: report.peakRssBytes };
  };
  const plain = train("adapter");
  const checkpointing = train("checkpointing");
  say("generation ...");
  const { tokensPerSecond } = measure<{ tokensPerSecond: number }>("Generation", [folder, NEW_TOKENS]).report;
  const python = withTrl ? findPython() : undefined;
  if (withTrl) say(python ? "TRL and transformers ..." : "no Python with trl (PREFINE_PYTHON names one)");
  return {
    seconds_per_step: plain.seconds,
    peak_rss_bytes: plain.peak,
    checkpointing_seconds_per_step: checkpointing.seconds,
    checkpointing_peak_rss_bytes: checkpointing.peak,
    generate_tokens_per_second: tokensPerSecond,
    trl: python ? measureTrl(python, { model: folder, steps: rows, newTokens: NEW_TOKENS, targets: TARGETS }) : null,
  };
}

/** Rows of prefine and of TRL with its defaults and at its best. */
function table(measured: FamilyMeasurements): string {
  const { trl } = measured;
  const gigabytes = (bytes: number | undefined) => (bytes === undefined ? "-" : `${(bytes / 1e9).toFixed(2)} GB`);
  const rows = [
    ["", "prefine", "checkpointing", "TRL, defaults", "TRL, best"],
    [
      "seconds per step",
      measured.seconds_per_step.toFixed(2),
      measured.checkpointing_seconds_per_step.toFixed(2),
      trl?.seconds_per_step.toFixed(2) ?? "-",
      trl?.best_seconds_per_step.toFixed(2) ?? "-",
    ],
    [
      "peak memory",
      ...[measured.peak_rss_bytes, measured.checkpointing_peak_rss_bytes].map(gigabytes),
      gigabytes(trl?.peak_rss_bytes),
      gigabytes(trl?.best_peak_rss_bytes),
    ],
    [
      "generated tokens/s",
      measured.generate_tokens_per_second.toFixed(1),
      "",
      trl?.generate_tokens_per_second.toFixed(1) ?? "-",
      "",
    ],
  ];
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(22) : cell.padStart(16))).join("")).join("\n");
}

await runBenchmark<FamilyMeasurements, "float32" | "no-trl", "family" | "rows">({
  help: `npm run bench -- --family NAME [--float32] [--rows N] [--no-trl] [--json]

Times DPO training of an adapter and generation on the shape of a published model with random weights.
  --family   ${Object.keys(SHAPES).join(", ")} (270M), weights in bfloat16, as published
  --float32  weights in float32
  --rows     the first of the 24 rows only; two epochs of them are trained
  --no-trl   skip Python's TRL (PREFINE_PYTHON names the Python, default python3)
  --json     one JSON object on stdout, nothing else`,
  flags: ["float32", "no-trl"],
  values: ["family", "rows"],
  run: ({ say, folder }, { family = "", float32, rows: given = "24", "no-trl": withoutTrl }) => {
    if (!Object.hasOwn(SHAPES, family))
      throw new PrefineError("config", `--family ${family}: expected one of ${Object.keys(SHAPES).join(", ")}`);
    const rows = Number(given);
    if (!(Number.isInteger(rows) && rows >= 1 && rows <= benchRows().length))
      throw new PrefineError("config", `--rows ${given}: expected 1 to ${benchRows().length}`);
    return measureFamily(family, { dtype: float32 ? "F32" : "BF16", folder, rows, say, withTrl: !withoutTrl });
  },
  table,
});
