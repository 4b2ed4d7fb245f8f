/** @file One data set of a mixture: trl's DatasetConfig (1.16), an entry of `datasets`. */
import { atLeast, either, float, json, listOf, nullable, path, string } from "../kinds.ts";
import { group, same } from "../option.ts";

export const DATASET_OPTIONS = group("DatasetConfig", {
  path: same(nullable(path), null, "Hub id, folder, or a parquet, jsonl or json file."),
  name: same(nullable(string), null, "Configuration (subset) of a data set that has several."),
  data_dir: same(nullable(string), null, "Folder of the data set that holds the files."),
  data_files: same(nullable(either(json, listOf(path))), null, "Files, or files by split."),
  split: same(string, "train", "Split, or a range of its rows: train[:1000], train[10%:20%], train+test."),
  columns: same(nullable(listOf(string)), null, "Columns to keep; unset: all."),
  fraction: same(nullable(atLeast(0, float)), null, "Share of the mixture, in proportion to those of the others."),
});
