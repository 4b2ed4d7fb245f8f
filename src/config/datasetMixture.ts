/** @file `datasets` and test_split_size: reads a mixture of datasets and checks the options used with it. */
import type { Values } from "./option.ts";
import { DATASET_OPTIONS, type SCRIPT_OPTIONS } from "./options/scriptArguments.ts";
import { type GivenValues, givenFrom, labelsOf, readOptions } from "./readOptions.ts";
import type { Report } from "./report.ts";

/** One dataset of a mixture: trl's DatasetConfig. */
export type DatasetConfig = Omit<Values<typeof DATASET_OPTIONS>, "path" | "data_files"> & {
  path: string;
  data_files: string[] | Record<string, string | string[]> | null;
};

interface MixtureUse {
  script: Values<typeof SCRIPT_OPTIONS>;
  evaluates: boolean;
  given: GivenValues;
  report: Report;
}

/** The datasets of a mixture; empty if `dataset_name` is used. Problems and advice go to `report`. */
export function readMixture(use: MixtureUse): DatasetConfig[] {
  const { script, given, report } = use;
  const where = labelsOf(given)("datasets");
  const configs = script.datasets.map((entry, i) => readEntry(entry, `${where}[${i}]`, report));
  const fractions = configs.map(({ fraction }) => fraction);
  const some = fractions.filter((fraction) => fraction !== null);
  const areShares = some.length === fractions.length && some.some((fraction) => fraction > 0);
  if (some.length > 0 && !areShares) {
    const expected = "expected a fraction for all datasets or for none, at least one of them above 0";
    report.problem(where, `${expected}, found ${fractions.map((one) => one ?? "none").join(", ")}`);
  }
  checkOtherOptions(use);
  return configs;
}

function readEntry(entry: object, where: string, report: Report): DatasetConfig {
  const given = givenFrom(entry, where);
  const config = readOptions(DATASET_OPTIONS, given, {}, report);
  if (config.path === null && !given.get("path")?.value)
    report.problem(`${where}.path`, "expected a hub id, a folder or a file, found nothing");
  return config as DatasetConfig;
}

/** A mixture has the split train and, with test_split_size, the split test. */
function checkOtherOptions({ script, evaluates, given, report }: MixtureUse): void {
  const { datasets, test_split_size, dataset_train_split, dataset_test_split } = script;
  const label = labelsOf(given);
  if (datasets.length === 0) {
    if (test_split_size !== null && script.dataset_mixer === null)
      report.advise(label("test_split_size"), "no effect without datasets, as in TRL");
    return;
  }
  const ignored = ["dataset_name", "dataset_config"].filter((key) => (given.get(key)?.value ?? null) !== null);
  if (ignored.length > 0) report.advise(ignored.map(label).join(", "), "no effect with datasets, as in TRL");
  if (script.data_files)
    report.problem(label("data_files"), "expected in an entry of datasets, found at the top level");
  if (dataset_train_split !== "train")
    report.problem(label("dataset_train_split"), `expected train with datasets, found ${dataset_train_split}`);
  if (!evaluates) return;
  if (test_split_size === null) {
    const message = "expected a share or a number of rows to evaluate on (or eval_strategy no), found nothing";
    report.problem(label("test_split_size"), message);
  }
  if ([dataset_test_split].flat().join() !== "test")
    report.problem(label("dataset_test_split"), `expected test with datasets, found ${dataset_test_split}`);
}
