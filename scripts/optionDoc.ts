/** @file An option in words: help, default and how it stands to the Python packages, for a doc comment. */
import type { Option } from "../src/config/option.ts";
import type { Renamed } from "../src/config/renamed.ts";

interface Peer {
  /** `TRL`, `PEFT`, `transformers`. */
  peer: string;
  /** What is taken where an option is null: of the model, then of this. */
  defaults?: Readonly<Record<string, unknown>>;
}

/** Paragraphs: help; default and standing. */
export function optionDoc(name: string, option: Option<unknown, unknown>, { peer, defaults }: Peer): string[] {
  return [option.help, `${defaultText(name, option, defaults)} ${standing(option, peer)}`];
}

function defaultText(name: string, option: Option<unknown, unknown>, defaults: Peer["defaults"]): string {
  if (!defaults || option.own || option.support !== "same") return `Default: \`${literal(option.default)}\`.`;
  return Object.hasOwn(defaults, name)
    ? `Default: the model's, else \`${literal(defaults[name])}\`.`
    : "Default: the model's, else unset.";
}

const literal = (value: unknown): string =>
  typeof value === "number" && value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : JSON.stringify(value);

/** How far prefine follows the Python package in an option. */
function standing(option: Option<unknown, unknown>, peer: string): string {
  const { support, note = "", own, advice } = option;
  if (own) {
    const more = support === "differs" ? note : advice;
    return more ? `Prefine's own: ${more}.` : "Prefine's own.";
  }
  if (support === "no-effect") return `No effect: ${note}.`;
  if (support === "not-yet") return note ? `Not built: ${note}.` : "Not built: only the default is taken.";
  const { kind, ready } = option;
  const missing = ready ? (kind.choices ?? []).filter((choice) => !ready.includes(choice)) : [];
  const unbuilt = missing.length > 0 ? ` Not built: ${missing.join(", ")}.` : "";
  return `${support === "differs" ? `Differs from ${peer}: ${note}.` : `Same as ${peer}.`}${unbuilt}`;
}

/** What to do about an old name: the text behind `@deprecated`. */
export function renamedDoc({ to, advice, harmless, refusal }: Renamed): string {
  const now = /^is (.+) now$/.exec(advice)?.[1];
  if (to || now) return `Use ${to ?? now} instead.`;
  if (!harmless) return `No effect: ${advice}.`;
  return `${refusal === "not-yet" ? "Not built" : "Error"}: ${advice}.`;
}
