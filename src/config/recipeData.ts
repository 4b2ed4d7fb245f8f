/** @file Reads the data of alignment-handbook's recipes: dataset_mixer with its splits, and dataset_mixture. */
import type { Values } from "./option.ts";
import { MIXTURE_ENTRY_OPTIONS, MIXTURE_OPTIONS } from "./options/recipes.ts";
import type { SCRIPT_OPTIONS } from "./options/scriptArguments.ts";
import { type GivenValues, givenFrom, labelsOf, readOptions } from "./readOptions.ts";
import type { Report } from "./report.ts";

/** alignment-handbook's DatasetConfig: one dataset of a mixture. */
export type MixtureSet = Omit<Values<typeof MIXTURE_ENTRY_OPTIONS>, "id"> & { readonly id: string };

/** alignment-handbook's DatasetMixtureConfig. */
export type HandbookMixture = Omit<Values<typeof MIXTURE_OPTIONS>, "datasets"> & { readonly datasets: MixtureSet[] };

interface RecipeUse {
  script: Values<typeof SCRIPT_OPTIONS>;
  evaluates: boolean;
  given: GivenValues;
  report: Report;
}

interface RecipeData {
  dataset_mixture: HandbookMixture | null;
  /** Whether the run can be evaluated: false where dataset_mixer names no test split. */
  hasTestSplit: boolean;
}

/** Whether a split is evaluated on or trained on, by the words in its name, as alignment-handbook decides. */
function sideOfSplit(split: string): "train" | "test" | undefined {
  if (split.includes("train")) return "train";
  return split.includes("test") ? "test" : undefined;
}

/** The data of a recipe; problems and advice go to `report`. */
export function readRecipeData(use: RecipeUse): RecipeData {
  const { script, report, given } = use;
  const dataset_mixture = script.dataset_mixture && readMixtureOf(script.dataset_mixture, use);
  const uses = (["dataset_mixer", "dataset_mixture"] as const).filter((key) => script[key] !== null);
  const label = labelsOf(given);
  if (uses.length > 0) checkOtherData(uses, use);
  if (script.dataset_mixer !== null) adviseDefaults(use);
  else adviseUnused(["dataset_splits", "dataset_configs", "auto_insert_empty_system_msg"], "dataset_mixer", use);
  const hasTestSplit = script.dataset_mixer === null || checkMixer(use);
  if (dataset_mixture && use.evaluates && dataset_mixture.test_split_size === null) {
    const expected = "expected a share or a number of rows to evaluate on (or eval_strategy no), found nothing";
    report.problem(`${label("dataset_mixture")}.test_split_size`, expected);
  }
  return { dataset_mixture, hasTestSplit };
}

function readMixtureOf(value: object, { given, report }: RecipeUse): HandbookMixture {
  const where = labelsOf(given)("dataset_mixture");
  const mixture = readOptions(MIXTURE_OPTIONS, givenFrom(value, where), {}, report);
  const datasets = mixture.datasets.map((entry, i) => readSet(entry, `${where}.datasets[${i}]`, report));
  if (datasets.length === 0) report.problem(`${where}.datasets`, "expected at least one dataset, found none");
  const columns = datasets.flatMap((one) => (one.columns ? [one.columns.toSorted().join(", ")] : []));
  const other = columns.find((names) => names !== columns[0]);
  if (other !== undefined)
    report.problem(`${where}.datasets`, `expected the same columns for all, found ${columns[0]} and ${other}`);
  return { ...mixture, datasets };
}

function readSet(entry: object, where: string, report: Report): MixtureSet {
  const given = givenFrom(entry, where);
  const read = readOptions(MIXTURE_ENTRY_OPTIONS, given, { path: { to: "id", advice: "is id here" } }, report);
  if (read.id === null && !given.get("id")?.value && !given.get("path")?.value)
    report.problem(`${where}.id`, "expected a hub id, a folder or a file, found nothing");
  return { ...read, id: read.id ?? "" };
}

const isSet = (given: GivenValues, key: string) => {
  const value = given.get(key)?.value ?? null;
  return value !== null && !(Array.isArray(value) && value.length === 0);
};

/** One source of data decides. A dataset_name beside a mixture has no effect, as in alignment-handbook. */
function checkOtherData([key, second]: readonly string[], { script, given, report }: RecipeUse): void {
  const label = labelsOf(given);
  const others = [second ?? "", "datasets", "data_files"].filter((name) => isSet(given, name));
  if (others.length > 0)
    report.problem(label(key), `expected one source of data, found ${others.map(label).join(", ")} too`);
  const ignored = ["dataset_name", "dataset_config"].filter((name) => isSet(given, name));
  if (ignored.length > 0) report.advise(ignored.map(label).join(", "), `no effect with ${key}`);
  const names = { dataset_train_split: "train", dataset_test_split: "test" } as const;
  for (const [name, expected] of Object.entries(names) as [keyof typeof names, string][]) {
    const found = [script[name]].flat().join(", ");
    if (found !== expected) report.problem(label(name), `expected ${expected} with ${key}, found ${found}`);
  }
}

/** @returns whether the mixer has rows to evaluate on. */
function checkMixer({ script, evaluates, given, report }: RecipeUse): boolean {
  const { dataset_mixer, dataset_splits, dataset_configs, test_split_size } = script;
  const label = labelsOf(given);
  const count = Object.keys(dataset_mixer ?? {}).length;
  if (count === 0) report.problem(label("dataset_mixer"), "expected at least one dataset, found none");
  if (dataset_configs && dataset_configs.length !== count) {
    const message = `expected one configuration for each of the ${count} sets of dataset_mixer`;
    report.problem(label("dataset_configs"), `${message}, found ${dataset_configs.length}`);
  }
  const odd = dataset_splits.filter((split) => sideOfSplit(split) === undefined);
  const sides = new Set(dataset_splits.map(sideOfSplit));
  if (odd.length > 0)
    report.problem(label("dataset_splits"), `expected names with train or test in them, found ${odd.join(", ")}`);
  else if (!sides.has("train"))
    report.problem(label("dataset_splits"), `expected a name with train in it, found ${dataset_splits.join(", ")}`);
  const trains = dataset_splits.filter((split) => sideOfSplit(split) === "train");
  if (trains.length > 1) {
    const message = `${trains.join(", ")} are all trained on, each with the share of its set`;
    report.advise(label("dataset_splits"), `${message}; alignment-handbook would use as many as there are sets`);
  }
  const hasTest = sides.has("test") || test_split_size !== null;
  if (sides.has("test") && test_split_size !== null)
    report.advise(label("test_split_size"), "no effect where dataset_splits names a test split");
  if (evaluates && !hasTest && odd.length === 0) {
    const message = "no name with test in it, so this run is not evaluated (alignment-handbook stops there)";
    report.advise(label("dataset_splits"), `${message}; test_split_size holds rows out`);
  }
  return hasTest;
}

/** Defaults of alignment-handbook that are others here: a file that leaves them out would train otherwise there. */
const HANDBOOK_DEFAULTS = {
  ...{ optim: "rmsprop", learning_rate: "5e-05", max_length: "512 (128 of the prompt)" },
} as const;

function adviseDefaults({ given, report }: RecipeUse): void {
  const absent = Object.entries(HANDBOOK_DEFAULTS).filter(([key]) => !given.has(key));
  if (absent.length === 0) return;
  const theirs = absent.map(([, value]) => value).join(", ");
  report.advise(
    absent.map(([key]) => key).join(", "),
    `not set: prefine's default, where alignment-handbook's is ${theirs}`,
  );
}

function adviseUnused(keys: readonly string[], without: string, { given, report }: RecipeUse): void {
  const unused = keys.filter((key) => isSet(given, key)).map(labelsOf(given));
  if (unused.length > 0) report.advise(unused.join(", "), `no effect without ${without}`);
}
