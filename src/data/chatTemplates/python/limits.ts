/**
 * @file Bounds of a rendering: steps, characters, nesting and time. Python's sandbox bounds only range(); a template
 * from the hub that loops or grows would otherwise hold a training run forever, or end its process.
 */
import { grouped } from "../../../phrases.ts";
import { TemplateFault } from "./fault.ts";

export interface Limits {
  /** Expressions, statements and items that a rendering may process; a long conversation needs some thousands. */
  steps: number;
  /** Characters (and bytes of numbers) that it may make, all its intermediate texts together. */
  characters: number;
  /** Macros and recursive loops within each other; Python's own limit is about 170. */
  depth: number;
  /** Milliseconds. */
  time: number;
}

const LIMITS: Readonly<Limits> = { steps: 10_000_000, characters: 500_000_000, depth: 200, time: 20_000 };

/** Called every some thousand steps: throws to stop a rendering. */
export type Check = () => void;

const CHECK_STEPS = 4096;

interface Budget {
  limits: Limits;
  steps: number;
  characters: number;
  depth: number;
  nextCheck: number;
  deadline: number;
  check: Check | undefined;
}

const newBudget = (limits: Limits, check: Check | undefined): Budget => ({
  limits,
  steps: 0,
  characters: 0,
  depth: 0,
  nextCheck: CHECK_STEPS,
  deadline: Date.now() + limits.time,
  check,
});

/** One at a time: rendering is synchronous. A module variable, because passing it to each str method costs more. */
let budget = newBudget(LIMITS, undefined);

/** Runs `work` with fresh bounds. @param check see Check. */
export function withinLimits<T>(work: () => T, limits: Partial<Limits> = {}, check?: Check): T {
  const outer = budget;
  budget = newBudget({ ...LIMITS, ...limits }, check);
  try {
    return work();
  } catch (error) {
    throw isStackOverflow(error) ? exceeded("expressions or data that nest too deeply") : error;
  } finally {
    budget = outer;
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function exceeded(what: string): TemplateFault {
  return new TemplateFault("LimitError", `it was stopped: ${what}`);
}

/** Characters of one text: JavaScript ends the process where a text becomes a list of more than 134 million. */
const LONGEST_TEXT = 100_000_000;
/** Characters that a method or filter may read: title() takes up to a microsecond for each. */
const LONGEST_READ = 50_000_000;
/** Characters that count as one step. */
const CHARACTERS_PER_STEP = 32;

/** Counts the work of a method or filter on a text of this length; short ones cost nothing besides their step. */
export function spendReading(characters: number): void {
  if (characters > LONGEST_READ) throw exceeded(`a method or filter on a text of ${grouped(characters)} characters`);
  if (characters > 10_000) spend(Math.ceil(characters / CHARACTERS_PER_STEP));
}

/** Counts work: one per expression, statement or item. */
export function spend(steps: number): void {
  budget.steps += steps;
  if (budget.steps >= budget.nextCheck) checkSteps();
}

function checkSteps(): void {
  const { limits, steps, deadline, check } = budget;
  if (!(steps <= limits.steps)) throw exceeded(`more than ${grouped(limits.steps)} steps; does it loop without end?`);
  if (Date.now() > deadline) throw exceeded(`more than ${limits.time / 1000} seconds; does it loop without end?`);
  budget.nextCheck = steps + CHECK_STEPS;
  check?.();
}

/** Counts characters; call it before a text of this length is made. */
export function spendText(characters: number): void {
  if (characters > LONGEST_TEXT) throw exceeded(`it makes a text of more than ${grouped(LONGEST_TEXT)} characters`);
  budget.characters += characters;
  if (budget.characters <= budget.limits.characters) return;
  throw exceeded(`it makes more than ${grouped(budget.limits.characters)} characters of text`);
}

/** Enters a macro or a recursive loop. */
export function nested<T>(work: () => T): T {
  if (budget.depth >= budget.limits.depth) {
    throw exceeded(`more than ${budget.limits.depth} calls within each other; does a macro call itself without end?`);
  }
  budget.depth++;
  try {
    return work();
  } finally {
    budget.depth--;
  }
}
