/**
 * @file alignment-handbook's data: the keys of its DataArguments (2023 to 2025: dataset_mixer) and of its
 * ScriptArguments (since July 2025: dataset_mixture).
 */
import { above, atLeast, between, bool, byName, float, int, json, listOf, nullable, string } from "../kinds.ts";
import { differs, group, own, type RunTable, same } from "../option.ts";

export const RECIPE_OPTIONS = group(
  "Data of alignment-handbook's recipes",
  own({
    dataset_mixer: differs(
      nullable(byName(between(0, 1, float))),
      null,
      "Datasets and the share of their training rows: every set has all of dataset_splits.",
      {
        onResume: "data",
        note:
          "the rows and their order are alignment-handbook's, except with several training splits: it would take the " +
          "shares of other sets, and drop splits",
      },
    ),
    dataset_splits: same(
      listOf(string),
      ["train", "test"],
      "Splits of the sets in dataset_mixer: names with train are trained on, names with test evaluated on.",
      { onResume: "data" },
    ),
    dataset_configs: same(nullable(listOf(nullable(string))), null, "Configurations of the sets in dataset_mixer.", {
      onResume: "data",
    }),
    auto_insert_empty_system_msg: same(
      bool,
      true,
      "Begin conversations of dataset_mixer with an empty system message if the chat template has such messages.",
      { onResume: "data" },
    ),
    dataset_mixture: same(
      nullable(json),
      null,
      "Datasets to mix, with seed and test_split_size; each has id, config, split, columns and weight.",
      { onResume: "data" },
    ),
  }),
) satisfies RunTable;

/** alignment-handbook's DatasetMixtureConfig. */
export const MIXTURE_OPTIONS = group("DatasetMixtureConfig", {
  datasets: same(listOf(json), [], "The datasets.", { literal: true }),
  seed: same(atLeast(0, int), 0, "Random seed of the shares, the order and the split."),
  test_split_size: same(nullable(above(0, float)), null, "Rows to hold out: a fraction below 1, or a number."),
});

/** An entry of dataset_mixture: alignment-handbook's DatasetConfig. */
export const MIXTURE_ENTRY_OPTIONS = group("DatasetConfig of dataset_mixture", {
  id: same(nullable(string), null, "Hub id, folder or file."),
  config: same(nullable(string), null, "Dataset configuration (subset)."),
  split: same(string, "train", "Split or slice."),
  columns: same(nullable(listOf(string)), null, "Columns to keep; unset: all."),
  weight: same(nullable(between(0, 1, float)), 1, "Share of the rows to keep, after a shuffle; null: all, unshuffled."),
});
