/** @file A dataset's card (README.md), or .huggingface.yaml: its YAML assigns files to splits. */
import { nearestName, PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { parseYaml } from "../../formats/yaml.ts";
import { type DataFiles, namedSplits } from "./splitFiles.ts";

/** One configuration of a dataset, as declared in the card. */
export interface CardConfig {
  name: string;
  /** Patterns by split; undefined: inferred from file names. */
  patterns: Map<string, string[]> | undefined;
  /** The folder of this configuration's files, without a trailing slash. */
  folder: string | undefined;
  isDefault: boolean;
  /** The other keys: settings of the reader. */
  settings: Readonly<Record<string, unknown>>;
}

/** A file with YAML about a dataset. */
export interface CardFile {
  name: "README.md" | ".huggingface.yaml";
  text: string;
}

/** The files that may declare configurations: the later one wins, as in datasets. */
export const CARD_FILES: readonly CardFile["name"][] = ["README.md", ".huggingface.yaml"];

/** The configurations of the files that a dataset has. @param where the dataset. */
export function readCards(files: readonly CardFile[], where: string): CardConfig[] {
  let configs: CardConfig[] = [];
  for (const { name, text } of files) {
    const place = `${where}/${name}`;
    const own = name === "README.md" ? readCard(text, place) : configsIn(text, place);
    if (own.length > 0) configs = own;
  }
  return configs;
}

/** The configurations of a card; none if it has no header or declares none. @param where the card's name. */
export function readCard(text: string, where: string): CardConfig[] {
  const header = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text)?.[1];
  return header === undefined ? [] : configsIn(header, where);
}

function configsIn(yaml: string, where: string): CardConfig[] {
  let metadata: unknown;
  try {
    metadata = parseYaml(yaml);
  } catch (error) {
    const reason = (error as Error).message;
    throw new PrefineError("data", `${where}: its YAML header cannot be read: ${reason}`, "Fix or remove the header.");
  }
  const configs = (metadata as { configs?: unknown } | null)?.configs ?? null;
  if (configs === null) return [];
  if (!Array.isArray(configs)) throw wrongConfigs(where, "a list", configs);
  return configs.map((config) => {
    if (isObject(config)) return readConfig(config, where);
    throw wrongConfigs(where, "entries with config_name and data_files", config);
  });
}

const wrongConfigs = (where: string, expected: string, value: unknown) =>
  new PrefineError("data", `${where}: configs: expected ${expected}, found ${show(value)}`, "Fix or remove it.");

function readConfig(config: Record<string, unknown>, where: string): CardConfig {
  const { config_name, data_files, data_dir, default: isDefault, ...settings } = config;
  const name = typeof config_name === "string" ? config_name : "default";
  return {
    name,
    patterns: data_files === undefined ? undefined : readDataFiles(data_files, `${where}: configs: ${name}`),
    folder: typeof data_dir === "string" ? plainFolder(data_dir) : undefined,
    isDefault: isDefault === true || name === "default",
    settings,
  };
}

/** A data_dir without leading `./` and trailing slashes; undefined for the dataset's own folder. */
export const plainFolder = (path: string): string | undefined =>
  path
    .replace(/\/+$/, "")
    .replace(/^(\.\/)+/, "")
    .replace(/^\.$/, "") || undefined;

/** A path, a list of paths, or a list of `{ split, path }`. */
function readDataFiles(value: unknown, where: string): Map<string, string[]> {
  const isSplit = (entry: unknown) => typeof entry === "object" && entry !== null && "split" in entry;
  if (!Array.isArray(value) || !value.some(isSplit)) return namedSplits(value as DataFiles, where);
  const unnamed = value.find((entry) => !isSplit(entry) || typeof entry.split === "object");
  if (unnamed !== undefined) {
    const message = `${where}: data_files: expected entries of { split: NAME, path: FILES }, found ${show(unnamed)}`;
    throw new PrefineError("data", message, "Give each entry the name of its split.");
  }
  const entries = value.map((entry) => [String(entry.split), entry.path] as const);
  const twice = entries.find(([split], i) => entries.findIndex(([other]) => other === split) < i);
  if (twice) {
    const message = `${where}: data_files: expected each split once, found ${show(twice[0])} twice`;
    throw new PrefineError("data", message, `List its files together: { split: ${twice[0]}, path: [..., ...] }.`);
  }
  return namedSplits(Object.fromEntries(entries), where);
}

/**
 * The configuration with this name; without a name, the only one or the default.
 * @param where names the dataset in messages.
 */
export function chooseConfig(configs: CardConfig[], name: string | undefined, where: string): CardConfig | undefined {
  const names = configs.map((config) => config.name);
  const twice = names.find((one, i) => names.indexOf(one) < i);
  if (twice !== undefined)
    throw new PrefineError("data", `${where}: has two configurations ${twice}`, "Give each a name of its own.");
  if (name === undefined) {
    const defaults = configs.filter((config) => config.isDefault);
    if (defaults.length > 1) throw severalDefaults(defaults, where);
    const choice = defaults[0] ?? (configs.length === 1 ? configs[0] : undefined);
    if (choice || configs.length === 0) return choice;
    const hint = `Choose one, for example with dataset_config: ${names[0]}.`;
    throw new PrefineError(
      "data",
      `${where}: has the configurations ${names.join(", ")}, and none is the default`,
      hint,
    );
  }
  const choice = configs.find((config) => config.name === name);
  if (choice || (name === "default" && configs.length === 0)) return choice;
  const nearest = nearestName(name, names);
  throw new PrefineError(
    "data",
    `${where}: no configuration ${JSON.stringify(name)}: it has ${names.join(", ") || "none"}`,
    nearest && `Did you mean ${nearest}?`,
  );
}

/** datasets refuses such a card, too. */
function severalDefaults(defaults: readonly CardConfig[], where: string): PrefineError {
  const names = defaults.map(({ name }) => name);
  const message = `${where}: expected one default configuration, found ${names.join(" and ")}`;
  return new PrefineError("data", message, `Choose one, for example with dataset_config: ${names[0]}.`);
}
