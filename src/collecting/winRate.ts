/** @file winRate and preferenceStatistics: what a record of preferences says, read from its file. */
import { checkOptions, checkValue, type OptionChecks, optionsOf, text, type ValueCheck } from "../arguments.ts";
import { nearestName, PrefineError } from "../errors.ts";
import { PreferenceRecord } from "./record.ts";
import { type PreferenceStatistics, statisticsOf } from "./statistics.ts";
import { countWins, type WinRate } from "./winCounts.ts";

export type { PreferenceStatistics, WinRate };

export interface WinRateOptions {
  /**
   * Source whose wins are counted: the name of a model or a run.
   *
   * Required. Prefine's own.
   */
  of: string;
  /**
   * Source that it was compared with.
   *
   * Default: the only one it was compared with. Prefine's own.
   */
  over?: string | undefined;
  /**
   * Annotator whose verdicts count alone.
   *
   * Default: the majority of all. Prefine's own.
   */
  annotator?: string | undefined;
}

const FILE: ValueCheck = {
  expected: "the path of a record's file of pairs, such as pairs.jsonl",
  accepts: (value) => typeof value === "string" && value !== "",
};
const CHECKS: OptionChecks<WinRateOptions> = optionsOf<WinRateOptions>("winRate", {
  of: text,
  over: text,
  annotator: text,
});

/**
 * The share of pairs that one source wins over another, with Wilson's 95 % interval:
 * `await winRate("pairs.jsonl", { of: "dpo" })`. Each pair counts once, by the majority of its annotators; ties count
 * half.
 * @param file the record's file of pairs.
 * @throws PrefineError("config") for wrong options, ("data") for a source that was not compared, or no record.
 */
export async function winRate(file: string, options: WinRateOptions): Promise<WinRate> {
  checkValue("winRate", file, FILE);
  checkOptions<WinRateOptions>("winRate", options, CHECKS);
  checkValue("winRate: of", options?.of, text);
  const { preferences } = await PreferenceRecord.read(file);
  const { of, annotator } = options;
  const all = [...preferences.pairGroups()];
  const isOwn = (one: { annotator: string | null }) => annotator === undefined || one.annotator === annotator;
  const groups = all.map((group) => ({ ...group, verdicts: group.verdicts.filter(isOwn) }));
  const over = options.over ?? onlyOpponent(file, of, opponents(all));
  if (of === over) throw new PrefineError("config", `winRate: over: expected another source than of, found ${over}`);
  checkCompared(file, { of, over }, opponents(all));
  return countWins(groups, of, over);
}

/** Source -> those that it was compared with. */
type Opponents = ReadonlyMap<string, ReadonlySet<string>>;

function opponents(groups: readonly { verdicts: { left: Source; right: Source }[] }[]): Opponents {
  const others = new Map<string, Set<string>>();
  const add = (one: string, other: string) => others.set(one, (others.get(one) ?? new Set()).add(other));
  for (const { left, right } of groups.flatMap(({ verdicts }) => verdicts)) {
    if (left.source === null || right.source === null || left.source === right.source) continue;
    add(left.source, right.source);
    add(right.source, left.source);
  }
  return others;
}
interface Source {
  source: string | null;
}

function onlyOpponent(file: string, of: string, others: Opponents): string {
  const names = [...(others.get(of) ?? [])];
  if (names.length === 1) return names[0];
  if (names.length === 0) throw notCompared(file, of, others);
  const message = `winRate: over: expected one of ${names.join(", ")}, found nothing`;
  throw new PrefineError("config", message, `${of} was compared with all of these.`);
}

function checkCompared(file: string, { of, over }: { of: string; over: string }, others: Opponents): void {
  if (!others.has(of)) throw notCompared(file, of, others);
  if (others.get(of)?.has(over)) return;
  const message = `${file}: expected verdicts between ${of} and ${over}, found none`;
  throw new PrefineError("data", message, `${of} was compared with ${[...(others.get(of) ?? [])].join(", ")}.`);
}

function notCompared(file: string, of: string, others: Opponents): PrefineError {
  const names = [...others.keys()];
  const near = nearestName(of, names);
  const known = names.length === 0 ? "Its events name no two sources." : `The sources are ${names.join(", ")}.`;
  const message = `${file}: expected verdicts on answers of ${of}, found none`;
  return new PrefineError("data", message, near === undefined ? known : `Did you mean ${near}?`);
}

/**
 * What a record of preferences has, in numbers: verdicts, pairs, agreement of annotators (Cohen's kappa) and with
 * themselves, and whether sides or lengths decide.
 * @param file the record's file of pairs.
 * @throws PrefineError("data") for no record, or a file of another kind.
 */
export async function preferenceStatistics(file: string): Promise<PreferenceStatistics> {
  checkValue("preferenceStatistics", file, FILE);
  const { preferences } = await PreferenceRecord.read(file);
  return statisticsOf(preferences);
}
