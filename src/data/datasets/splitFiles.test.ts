/** @file Assignment of files to splits by patterns, names and the card. */
import { describe, expect, it } from "vitest";
import { chooseConfig, readCard, readCards } from "./card.ts";
import { fixedFolder, matchPaths } from "./glob.ts";
import { filesByName, filesByPatterns, namedSplits } from "./splitFiles.ts";

const entries = (splits: Map<string, string[]>) => Object.fromEntries(splits);

describe("matchPaths", () => {
  const paths = [
    "a.jsonl",
    "data/train_prefs-0.parquet",
    "data/train_sft-0.parquet",
    "data/x/b.jsonl",
    ".hidden/a.jsonl",
    "__x/a.jsonl",
    "b[1].json",
  ];
  it.each<[string, string[]]>([
    ["*.jsonl", ["a.jsonl"]],
    ["./a.jsonl", ["a.jsonl"]],
    ["data/train_prefs-*", ["data/train_prefs-0.parquet"]],
    ["data/*", ["data/train_prefs-0.parquet", "data/train_sft-0.parquet"]],
    ["data/**", ["data/train_prefs-0.parquet", "data/train_sft-0.parquet", "data/x/b.jsonl"]],
    ["**/*.jsonl", ["a.jsonl", "data/x/b.jsonl"]],
    ["**", ["a.jsonl", "b[1].json", "data/train_prefs-0.parquet", "data/train_sft-0.parquet", "data/x/b.jsonl"]],
    [".hidden/*", [".hidden/a.jsonl"]],
    ["__x/*", ["__x/a.jsonl"]],
    ["?.jsonl", ["a.jsonl"]],
    ["[a-c].jsonl", ["a.jsonl"]],
    ["[!a]*.json", ["b[1].json"]],
    ["b[[]1].json", ["b[1].json"]],
    ["nothing*", []],
  ])("%s", (pattern, expected) => {
    expect(matchPaths(pattern, paths)).toEqual(expected);
  });

  it("finds the fixed folder of a pattern", () => {
    expect(["data/*.x", "/a/b/c", "*.x", "/*.x", "a/b*/c/*"].map(fixedFolder)).toEqual(["data", "/a/b", "", "", "a"]);
  });
});

describe("filesByName", () => {
  it.each<[string, string[], Record<string, string[]>]>([
    [
      "shards in data/, any split name, the usual ones first",
      [
        "README.md",
        "data/extra.v2-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
        "data/other.parquet",
      ],
      {
        train: ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        test: ["data/test-00000-of-00001.parquet"],
        "extra.v2": ["data/extra.v2-00000-of-00001.parquet"],
      },
    ],
    [
      "folders called by a split",
      ["my-train/a.jsonl", "my-train/sub/b.jsonl", "dev/a.jsonl", "eval_1/a.jsonl", "trainer/a.jsonl"],
      { train: ["my-train/a.jsonl", "my-train/sub/b.jsonl"], validation: ["dev/a.jsonl"], test: ["eval_1/a.jsonl"] },
    ],
    [
      "words in the names of files",
      ["pairs_train.jsonl", "train_test.jsonl", "pairs.test.json", "valid.jsonl", "strain.jsonl", "training 2.jsonl"],
      {
        train: ["train_test.jsonl", "pairs_train.jsonl", "training 2.jsonl"],
        validation: ["valid.jsonl"],
        test: ["pairs.test.json", "train_test.jsonl"],
      },
    ],
    [
      "anything else",
      ["b.jsonl", "a.jsonl", "notes.txt", ".hidden.jsonl", "config.json"],
      { train: ["a.jsonl", "b.jsonl"] },
    ],
    ["the most frequent format", ["a.parquet", "b.parquet", "c.jsonl"], { train: ["a.parquet", "b.parquet"] }],
    ["parquet if tied", ["a.parquet", "c.jsonl"], { train: ["a.parquet"] }],
  ])("%s", (_name, paths, expected) => {
    const { splits } = filesByName(paths, "here");
    expect(entries(splits)).toEqual(expected);
    expect([...splits.keys()]).toEqual(Object.keys(expected));
  });

  it("checks ten thousand shards in one pass", () => {
    const name = (shard: number) => `data/train-${String(shard).padStart(5, "0")}-of-10000.parquet`;
    const shards = Array.from({ length: 10_000 }, (_, shard) => name(shard));
    expect(filesByName(shards, "here").splits.get("train")).toEqual(shards);
    expect(() => filesByName(shards.toSpliced(9_000, 1), "here")).toThrow(`${name(9_000)} is missing`);
  });

  it("names a missing shard", () => {
    expect(() =>
      filesByName(["data/train-00001-of-00003.parquet", "data/train-00002-of-00003.parquet"], "here"),
    ).toThrow("here: train: expected 3 shards, data/train-00000-of-00003.parquet is missing");
    const patterns = new Map([["train", ["x-*"]]]);
    expect(() => filesByPatterns(patterns, ["x-00000-of-00002.jsonl"], "here")).toThrow(
      "x-00001-of-00002.jsonl is missing",
    );
    const named = new Map([["train", ["x-00000-of-00002.jsonl"]]]);
    expect(entries(filesByPatterns(named, ["x-00000-of-00002.jsonl"], "here").splits)).toEqual({
      train: ["x-00000-of-00002.jsonl"],
    });
  });

  it("lists the files found if none is a data file", () => {
    expect(() => filesByName(["LICENSE", "b.docx"], "here")).toThrow(
      "here: expected data files, found LICENSE, b.docx",
    );
    expect(() => filesByName(["a.png", "b.png", "c.jsonl"], "here")).toThrow(
      "here: expected a format that prefine reads, found imagefolder (a.png)",
    );
    expect(() => filesByName(["train.jsonl", "test.parquet"], "here")).toThrow(
      "here: expected one format for all splits, found train: json (train.jsonl), test: parquet (test.parquet)",
    );
    expect(() => filesByPatterns(new Map([["test", ["x*"]]]), ["a.jsonl"], "here")).toThrow(
      "here: test: no file matches x*",
    );
    expect(() => namedSplits({ train: [] }, "here")).toThrow(
      "here: data_files.train: expected a path or a list of paths",
    );
  });
});

describe("readCard", () => {
  const card = (yaml: string) => readCard(`---\n${yaml}\n---\n# Text\n---\nmore`, "README.md");
  const patterns = (yaml: string) => card(yaml).map(({ patterns }) => patterns && entries(patterns));

  it("reads all forms of data_files", () => {
    expect(
      patterns(
        "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n  - split: test\n    path: [a, b]",
      ),
    ).toEqual([{ train: ["data/train-*"], test: ["a", "b"] }]);
    expect(
      patterns("configs:\n- data_files: x.jsonl\n- data_files: [x, y]\n- data_files: {dev: z}\n- data_dir: sub/"),
    ).toEqual([{ train: ["x.jsonl"] }, { train: ["x", "y"] }, { dev: ["z"] }, undefined]);
    expect(card("configs:\n- config_name: a\n  data_dir: ./sub/\n  default: true")).toEqual([
      { name: "a", patterns: undefined, folder: "sub", isDefault: true, settings: {} },
    ]);
    expect(() => card("configs:\n- data_files:\n  - {split: {a: 1}, path: x}\n  - {split: b, path: y}")).toThrow(
      'data_files: expected entries of { split: NAME, path: FILES }, found {"split":{"a":1},"path":"x"}',
    );
    expect(() => card("configs:\n- data_files:\n  - {split: a, path: x}\n  - {split: a, path: y}")).toThrow(
      'README.md: configs: default: data_files: expected each split once, found "a" twice',
    );
  });

  it("accepts a card without a header or configurations", () => {
    expect(readCard("# Only text", "README.md")).toEqual([]);
    expect(card("license: mit")).toEqual([]);
    expect(readCard("---\r\nlicense: mit\r\n---\r\n", "README.md")).toEqual([]);
    expect(readCard("---\n\n---\n", "README.md")).toEqual([]);
  });

  it("names the card whose header is broken", () => {
    expect(() => card("configs: [")).toThrow(/^README\.md: its YAML header cannot be read: /);
    expect(() => card("configs:\n- data_files:\n  - split: train")).toThrow(
      "README.md: configs: default: data_files.train: expected a path",
    );
  });

  it("refuses configurations of another form", () => {
    expect(() => card("configs: {config_name: x}")).toThrow(
      'README.md: configs: expected a list, found {"config_name"',
    );
    expect(() => card("configs: [x]")).toThrow("README.md: configs: expected entries with config_name and data_files");
  });

  it("reads .huggingface.yaml before the card, and takes a data_dir of . for the whole dataset", () => {
    const config = (name: string, more = "") => `configs:\n- config_name: ${name}\n${more}`;
    const files = [
      { name: "README.md", text: `---\n${config("a")}\n---\n` },
      { name: ".huggingface.yaml", text: config("b", "  data_dir: .\n") },
    ] as const;
    expect(readCards(files, "here")).toMatchObject([{ name: "b", folder: undefined }]);
    expect(readCards(files.slice(0, 1), "here")).toMatchObject([{ name: "a" }]);
    expect(readCards([{ ...files[1], text: "license: mit" }], "here")).toEqual([]);
    expect(() => readCards([{ ...files[1], text: "configs: [" }], "here")).toThrow("here/.huggingface.yaml: its YAML");
  });

  it("refuses two defaults, and two configurations of one name", () => {
    const two = (a: string, b: string) => card(`configs:\n- config_name: ${a}\n- config_name: ${b}`);
    const defaults = card("configs:\n- {config_name: a, default: true}\n- {config_name: b, default: true}");
    expect(() => chooseConfig(defaults, undefined, "here")).toThrow(
      "expected one default configuration, found a and b",
    );
    expect(chooseConfig(defaults, "b", "here")?.name).toBe("b");
    expect(() => chooseConfig(two("a", "a"), undefined, "here")).toThrow("here: has two configurations a");
  });

  it("chooses a configuration", () => {
    const configs = card("configs:\n- config_name: helpful\n  data_files: a\n- config_name: harmless\n  data_files: b");
    expect(chooseConfig(configs, "harmless", "here")?.name).toBe("harmless");
    expect(chooseConfig(configs.slice(1), undefined, "here")?.name).toBe("harmless");
    expect(chooseConfig([], undefined, "here")).toBeUndefined();
    expect(chooseConfig([], "default", "here")).toBeUndefined();
    expect(() => chooseConfig(configs, undefined, "here")).toThrow(
      "here: has the configurations helpful, harmless, and none is the default",
    );
    expect(() => chooseConfig(configs, "harmles", "here")).toThrow(
      'here: no configuration "harmles": it has helpful, harmless',
    );
    expect(() => chooseConfig([], "x", "here")).toThrow('here: no configuration "x": it has none');
  });
});
