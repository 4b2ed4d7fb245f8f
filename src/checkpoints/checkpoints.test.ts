/** @file The run directory: atomic checkpoints, rotation, and folders that fail to load. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readAll } from "../../test/support/savedState.ts";
import { checkpointAt, FINGERPRINT, MODEL } from "../../test/support/smallCheckpoint.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { PrefineError } from "../errors.ts";
import { checkpointFault, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { compareFingerprints } from "./fingerprint.ts";
import { configText, type SavedModel } from "./modelFiles.ts";
import { listCheckpoints, newestValidCheckpoint, refuseRun, rotateCheckpoints } from "./runDirectory.ts";
import { removeRun } from "./runFiles.ts";
import { newTrainerState } from "./trainerState.ts";

/** Error thrown by the next write to a file of this name; the rest of node:fs/promises is real. */
const failing = vi.hoisted(() => ({ name: "", code: "" }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  const open: typeof real.open = async (path, ...rest) => {
    const handle = await real.open(path, ...rest);
    if (failing.name && String(path).endsWith(failing.name)) {
      handle.writeFile = async () => {
        throw Object.assign(new Error(`${failing.code}: simulated`), { code: failing.code });
      };
    }
    return handle;
  };
  return { ...real, open };
});

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "prefine-checkpoints-"));
});
afterEach(() => {
  failing.name = "";
  rmSync(dir, { recursive: true, force: true });
});

const FULL: SavedModel = {
  kind: "full",
  config: { model_type: "gpt2", torch_dtype: "float16" },
  generationConfig: {},
  padTokenId: 7,
};
async function write(step: number, model: SavedModel = MODEL): Promise<string> {
  const path = join(dir, `checkpoint-${step}`);
  await writeCheckpoint(folderAt(path), checkpointAt(step), { model, extra: [["training_args.json", "{}\n"]] });
  return path;
}

/** The PrefineError that `action` throws. */
async function refusal(action: () => Promise<unknown>): Promise<PrefineError> {
  const error = await action().then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(PrefineError);
  return error as PrefineError;
}

describe("a checkpoint", () => {
  it("loads bit for bit", async () => {
    const path = await write(3);
    const { optimizer, ...read } = await readCheckpoint(folderAt(path), "adapter");
    expect({ ...read, optimizer: await readAll(optimizer!) }).toEqual(checkpointAt(3));
    expect(readdirSync(path).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "optimizer.safetensors",
      "prefine_state.json",
      "reference_logps.safetensors",
      "trainer_state.json",
      "training_args.json",
    ]);
  });

  it("of all weights is a model folder with float32 and the padding token in its configs", async () => {
    const path = await write(3, FULL);
    const json = (name: string) => JSON.parse(readFileSync(join(path, name), "utf8"));
    expect(json("config.json")).toEqual({ model_type: "gpt2", pad_token_id: 7, dtype: "float32" });
    expect(json("generation_config.json")).toEqual({ pad_token_id: 7 });
    expect(await readAll((await readCheckpoint(folderAt(path), "full")).weights)).toEqual(checkpointAt(3).weights);
    expect((await refusal(() => readCheckpoint(folderAt(path), "adapter"))).message).toMatch(
      /expected a checkpoint of an adapter, found one of all/,
    );
  });

  it("writes floats of a config as floats, without which transformers refuses Gemma 2", () => {
    const config = { vocab_size: 30, final_logit_softcapping: 30, rope_scaling: { factor: 8, beta_fast: 1.5 } };
    const text = configText(config);
    expect(JSON.parse(text)).toEqual(config);
    expect(text.match(/: [\d.]+/g)).toEqual([": 30", ": 30.0", ": 8.0", ": 1.5"]);
  });

  it("replaces one of the same step, and keeps a user's files in it", async () => {
    const path = await write(3);
    mkdirSync(join(path, "mine"));
    for (const name of ["notes.txt", "mine/more.txt"]) writeFileSync(join(path, name), name);
    await writeCheckpoint(folderAt(path), checkpointAt(3), { model: MODEL, extra: [], onlyModel: true });
    expect(existsSync(join(path, "optimizer.safetensors"))).toBe(false);
    for (const name of ["notes.txt", "mine/more.txt"]) expect(readFileSync(join(path, name), "utf8")).toBe(name);
    expect(readdirSync(dir)).toEqual(["checkpoint-3"]);
  });

  it.each([
    ["ENOSPC", /checkpoint-4: cannot write: the disk is full/],
    ["EROFS", /read-only/],
    ["EIO", /cannot write: the disk failed \(EIO\)/],
  ])("that meets %s leaves the last good one and nothing else", async (code, message) => {
    await write(3);
    for (const name of ["adapter_model.safetensors", "optimizer.safetensors", "prefine_state.json"]) {
      Object.assign(failing, { name, code });
      const error = await refusal(() => write(4));
      expect(error.code).toBe("io");
      expect(error.message).toMatch(message);
      expect(readdirSync(dir)).toEqual(["checkpoint-3"]);
    }
    expect((await newestValidCheckpoint(folderAt(dir)))?.step).toBe(3);
  });

  it("can't be written if a file is in the way", async () => {
    writeFileSync(join(dir, "out"), "a file");
    const path = join(dir, "out", "checkpoint-1");
    const error = await refusal(() => writeCheckpoint(folderAt(path), checkpointAt(1), { model: MODEL, extra: [] }));
    expect(error.message).toMatch(/cannot write: .*out is a file, not a folder/);
  });

  it.skipIf(process.getuid?.() === 0)(
    "can't be written into a folder that is not ours (skipped for root)",
    async () => {
      chmodSync(dir, 0o555);
      const error = await refusal(() => write(1));
      chmodSync(dir, 0o755);
      expect(error.message).toMatch(/no permission/);
    },
  );
});

describe("the newest valid checkpoint", () => {
  it.each<[string, (path: string) => void, RegExp]>([
    ["lacks its marker", (path) => rmSync(join(path, "prefine_state.json")), /found no prefine_state.json/],
    ["lacks a file", (path) => rmSync(join(path, "optimizer.safetensors")), /expected \d+ bytes, found no such file/],
    ["has a cut file", (path) => cut(join(path, "adapter_model.safetensors")), /expected \d+ bytes, found \d+/],
    [
      "has a broken header",
      (path) => scribble(join(path, "optimizer.safetensors")),
      /optimizer.safetensors: was changed after it was saved/,
    ],
    [
      "has a broken log",
      (path) => scribble(join(path, "trainer_state.json")),
      /trainer_state.json: was changed after it was saved/,
    ],
    ["has a broken marker", (path) => scribble(join(path, "prefine_state.json")), /expected the state of a run/],
  ])("is not one that %s", async (_, damage, fault) => {
    await write(2);
    damage(await write(10));
    const skipped: string[] = [];
    const newest = await newestValidCheckpoint(folderAt(dir), (path, why) => skipped.push(`${path}: ${why}`));
    expect(newest?.step).toBe(2);
    expect(skipped.length).toBe(1);
    expect(skipped[0]).toMatch(fault);
    expect(await checkpointFault(folderAt(join(dir, "checkpoint-2")))).toBeUndefined();
  });

  it("does not exist in an empty or absent folder, or a folder of TRL", async () => {
    expect(await newestValidCheckpoint(folderAt(join(dir, "absent")))).toBeUndefined();
    mkdirSync(join(dir, "checkpoint-5"));
    writeFileSync(join(dir, "checkpoint-5", "optimizer.pt"), "");
    expect(await newestValidCheckpoint(folderAt(dir))).toBeUndefined();
    expect((await refusal(() => readCheckpoint(folderAt(join(dir, "checkpoint-5")), "adapter"))).hint).toMatch(
      /pickled/,
    );
  });
});

function cut(path: string): void {
  writeFileSync(path, readFileSync(path).subarray(0, -5));
}

function scribble(path: string): void {
  writeFileSync(path, Buffer.alloc(readFileSync(path).length, "x"));
}

describe("rotation", () => {
  const onKept = () => expect.fail("nothing is kept");
  const steps = async () => (await listCheckpoints(folderAt(dir))).map(({ step }) => step);
  beforeEach(() => {
    for (const step of [9, 10, 20, 100]) {
      mkdirSync(join(dir, `checkpoint-${step}`));
      writeFileSync(join(dir, `checkpoint-${step}`, "trainer_state.json"), "{}");
    }
  });

  it("deletes the oldest by number", async () => {
    await rotateCheckpoints(folderAt(dir), 2, { keep: ["checkpoint-100"], onKept });
    expect(await steps()).toEqual([20, 100]);
  });

  it("never deletes the best or the last", async () => {
    await rotateCheckpoints(folderAt(dir), 1, { keep: ["checkpoint-9", "checkpoint-100"], onKept });
    expect(await steps()).toEqual([9, 100]);
  });

  it.each([null, 0, 4, 5])("keeps all with a limit of %s", async (limit) => {
    await rotateCheckpoints(folderAt(dir), limit, { keep: [], onKept });
    expect(await steps()).toEqual([9, 10, 20, 100]);
  });
});

describe("output_dir", () => {
  it.each(["trainer_state.json", "adapter_model.safetensors", "model.safetensors"])(
    "with %s holds a run",
    async (name) => {
      writeFileSync(join(dir, name), "");
      const error = await refusal(() => refuseRun(folderAt(dir)));
      expect(error.code).toBe("config");
      expect(`${error.message} ${error.hint}`).toMatch(
        new RegExp(`found ${name}.*resume_from_checkpoint.*overwrite_output_dir`),
      );
    },
  );

  it("that is absent, empty or has other files is accepted", async () => {
    await refuseRun(folderAt(join(dir, "absent")));
    await refuseRun(folderAt(dir));
    writeFileSync(join(dir, "notes.txt"), "mine");
    await refuseRun(folderAt(dir));
  });

  it("loses only its run when overwritten", async () => {
    await write(1);
    for (const name of ["notes.txt", "README.md", "training_loss.png", "config.json"])
      writeFileSync(join(dir, name), "");
    writeFileSync(join(dir, "trainer_state.json"), JSON.stringify(newTrainerState()));
    writeFileSync(join(dir, "adapter_model.safetensors"), "");
    expect((await refusal(() => refuseRun(folderAt(dir)))).message).toMatch(/found checkpoint-1/);
    await removeRun(folderAt(dir));
    expect(readdirSync(dir).sort()).toEqual(["README.md", "config.json", "notes.txt", "training_loss.png"]);
  });

  it("is cleaned up after a crash", async () => {
    mkdirSync(join(dir, ".checkpoint-4.partial-0123abcd"));
    writeFileSync(join(dir, ".hidden"), "mine");
    await folderAt(dir).deletePartials();
    expect(readdirSync(dir)).toEqual([".hidden"]);
  });
});

describe("compareFingerprints", () => {
  it("refuses other data and another objective, and lists the differences", () => {
    const now = { ...FINGERPRINT, data: { train: "b2" }, objective: { beta: 0.5, max_length: 8 } };
    expect(() => compareFingerprints(FINGERPRINT, now, "run/checkpoint-1")).toThrow(
      'run/checkpoint-1: this checkpoint belongs to another run: train: "a1" -> "b2"; beta: 0.1 -> 0.5; max_length: none -> 8',
    );
  });

  it("reports a change of the schedule", () => {
    const now = { ...FINGERPRINT, schedule: { max_steps: 8 } };
    expect(compareFingerprints(FINGERPRINT, now, "")).toEqual(["max_steps: 4 -> 8"]);
    expect(compareFingerprints(FINGERPRINT, structuredClone(FINGERPRINT), "")).toEqual([]);
  });
});
