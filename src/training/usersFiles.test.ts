/** @file Files in output_dir that no run wrote: kept by every run, or the run is refused before anything changes. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contents, failure } from "../../test/support/outcomes.ts";
import { toyTrainer } from "../../test/support/toyTrainer.ts";
import { removeRun } from "../checkpoints/runFiles.ts";
import type { DPOConfigInput } from "../config/DPOConfig.ts";
import { nodeStorage } from "../disk/nodeStorage.ts";

/** Plots take a quarter of a second; these are as recognizable. */
vi.mock("../plots/plotRunFolders.ts", () => ({
  plotRunFolders: async (_: string[], { out }: { out: string }) => {
    writeFileSync(`${out}.svg`, '<svg width="960"\n  role="img" font-family="Inter">');
    writeFileSync(`${out}.png`, "picture");
    return { svg: `${out}.svg`, png: `${out}.png` };
  },
}));

let run = "";
beforeEach(() => {
  run = join(mkdtempSync(join(tmpdir(), "prefine-users-files-")), "run");
  mkdirSync(run);
});
afterEach(() => rmSync(join(run, ".."), { recursive: true, force: true }));

const ARGS: DPOConfigInput = { max_steps: 2, save_steps: 1, logging_steps: 1, eval_strategy: "steps", eval_steps: 1 };
const toy = (args: DPOConfigInput = {}) => toyTrainer({ args: { ...ARGS, output_dir: run, ...args } });
const read = (name: string) => readFileSync(join(run, name), "utf8");
function put(names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(run, name, ".."), { recursive: true });
    writeFileSync(join(run, name), `mine: ${name}`);
  }
}
const expectKept = (names: readonly string[]) => {
  for (const name of names) expect(read(name)).toBe(`mine: ${name}`);
};

const EXTRAS = ["README.md", "verdict.json", "eval_margins.csv", "training_loss.svg", "training_loss.png"];
/** Names that no run gives, some of them close to those that it does. */
const OTHERS = [
  "notes.txt",
  ".gitignore",
  "checkpoint-backup/weights.bin",
  "checkpoint-1/notes.txt",
  "checkpoint-7/notes.txt",
  "checkpoint-2.old/adapter_model.safetensors",
  "runs/mine.txt",
  ".draft.partial-1",
  "training_loss.json",
];

describe("a user's files", () => {
  it("stay in a new run, which names what it wrote instead", async () => {
    put(EXTRAS);
    put(OTHERS.filter((name) => !/^checkpoint-\d+\//.test(name)));
    const { trainer, lines } = toy();
    await trainer.train();
    expectKept(EXTRAS);
    for (const name of EXTRAS) expect(existsSync(join(run, `prefine-${name}`)), name).toBe(true);
    expect(read("prefine-README.md")).toMatch(/prefine-training_loss.png/);
    for (const name of ["README.md", "verdict.json", "eval_margins.csv", "training_loss.svg"]) {
      expect(lines).toContain(
        `warning: ${join(run, name)}: is kept, since no run wrote it as it is now; this run's is prefine-${name}`,
      );
    }
    expect(lines.at(-2)).toMatch(/prefine-verdict.json, prefine-training_loss.png, prefine-README.md/);
  });

  it("stay in a run that replaces another, and so does a card that was edited", async () => {
    await toy().trainer.train();
    const card = `${read("README.md")}\nMy own words.\n`;
    writeFileSync(join(run, "README.md"), card);
    put(OTHERS);
    const { trainer, lines } = toy({ overwrite_output_dir: true, max_steps: 1 });
    await trainer.train();
    expectKept(OTHERS);
    expect(read("README.md")).toBe(card);
    expect(readdirSync(join(run, "checkpoint-1"))).toContain("trainer_state.json");
    expect(existsSync(join(run, "checkpoint-2"))).toBe(false);
    expect(lines.join("\n")).toMatch(/checkpoint-1: deleted, but notes.txt is kept, since no run wrote it/);
    for (const name of EXTRAS.slice(1)) expect(existsSync(join(run, `prefine-${name}`)), name).toBe(false);
  });

  it("stay in a run that is resumed and rotates its checkpoints", async () => {
    await toy({ max_steps: 1 }).trainer.train();
    put(OTHERS);
    writeFileSync(join(run, "README.md"), "mine: README.md");
    const { trainer } = toy({ max_steps: 4, save_total_limit: 1 });
    await trainer.train({ resume_from_checkpoint: true });
    expectKept([...OTHERS, "README.md"]);
    expect(readdirSync(join(run, "checkpoint-1"))).toEqual(["notes.txt"]);
    expect(readdirSync(run).filter((name) => /^checkpoint-[234]$/.test(name))).toEqual(["checkpoint-4"]);
  });

  it("stay under both names: the run's extra is then not written", async () => {
    put(["README.md", "prefine-README.md"]);
    const { trainer, lines } = toy();
    await trainer.train();
    expectKept(["README.md", "prefine-README.md"]);
    expect(lines.join("\n")).toMatch(
      /README.md: is kept, .*; and neither is prefine-README.md: this run's is not written/,
    );
  });
});

describe("a file that the run's model needs", () => {
  it.each(["tokenizer.json", "adapter_config.json", "checkpoint-2/model.safetensors", "checkpoint-2/optimizer.pt"])(
    "refuses a run if it is a user's: %s",
    async (name) => {
      put([name]);
      const before = contents(run);
      for (const how of [{ overwrite_output_dir: true }, { resume_from_checkpoint: true }, {}]) {
        const error = await failure(toy(how).trainer.train());
        expect(error.message).toMatch(
          new RegExp(
            `(nothing in the way of the run's files, found ${name.split("/")[0]}, which no run|no run there, found|can't be)`,
          ),
        );
        expect(contents(run)).toEqual(before);
      }
    },
  );

  it("is not deleted with the run that it does not belong to", async () => {
    put(["model.safetensors", "config.json"]);
    const { trainer, lines } = toy({ overwrite_output_dir: true });
    await trainer.train();
    expectKept(["model.safetensors", "config.json"]);
    expect(lines).toContain(`warning: ${join(run, "model.safetensors")}: is kept, since no run wrote it`);
  });

  it("is kept among the checkpoints of a run, whose own it can't be", async () => {
    await toy().trainer.train();
    for (const name of ["adapter_model.safetensors", "trainer_state.json"]) rmSync(join(run, name));
    for (const name of ["adapter_config.json", "tokenizer.json"]) {
      const own = read(name);
      for (const text of ["mine", '["mine"]']) {
        writeFileSync(join(run, name), text);
        for (const how of [{ overwrite_output_dir: true }, { resume_from_checkpoint: true }]) {
          expect((await failure(toy(how).trainer.train())).message).toMatch(
            `in the way of the run's files, found ${name}`,
          );
          expect(read(name)).toBe(text);
        }
      }
      writeFileSync(join(run, name), "\0".repeat(own.length)); // damaged, so a run's
    }
    await toy({ resume_from_checkpoint: true }).trainer.train();
    expect(read("adapter_config.json")).toMatch(/"peft_type"/);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])("is replaced again if replacing stopped after %i files", async (count) => {
    const { trainer } = toy();
    await trainer.train();
    const folder = nodeStorage.folder(run);
    let left = count;
    const stopping = new Proxy(folder, {
      get: (target, key) => {
        if (key === "delete" && left-- === 0) throw new Error("killed");
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await removeRun(stopping, undefined, ["tokenizer.json"]).catch((error) => expect(error.message).toBe("killed"));
    await toy({ overwrite_output_dir: true }).trainer.train();
  });

  it("of a replaced run goes with it, so that a run that ended before its first checkpoint can start again", async () => {
    await toy().trainer.train();
    const on_step_begin = () => {
      throw new Error("ended early");
    };
    const args = { ...ARGS, output_dir: run };
    const early = () => toyTrainer({ args: { ...args, overwrite_output_dir: true }, callbacks: [{ on_step_begin }] });
    for (let i = 0; i < 2; i++) expect((await failure(early().trainer.train())).message).toMatch(/ended early/);
    expect(readdirSync(run).filter((name) => !/verdict|training_loss/.test(name))).toEqual([]);
    await toy().trainer.train();
  });

  it("of an earlier run or of TRL's is replaced with overwrite_output_dir", async () => {
    await toy().trainer.train();
    for (const name of ["training_args.bin", "checkpoint-2/optimizer.pt"]) writeFileSync(join(run, name), "");
    rmSync(join(run, "checkpoint-2/prefine_state.json"));
    await toy({ overwrite_output_dir: true, max_steps: 1 }).trainer.train();
    expect(readdirSync(run).filter((name) => name.startsWith("checkpoint"))).toEqual(["checkpoint-1"]);
  });
});
