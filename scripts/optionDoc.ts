/** @file The doc comment of an option: help, default and compatibility with the Python packages. */
import type { Option } from "../src/config/option.ts";
import type { Renamed } from "../src/config/renamed.ts";

interface Peer {
  /** `TRL`, `PEFT`, `transformers`. */
  peer: string;
  /** Values for options that are null, after the model's. */
  defaults?: Readonly<Record<string, unknown>>;
}

/** Paragraphs: help; default and compatibility. */
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

/** An option's compatibility with the Python package. */
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

/** Advice about an old name: the text after `@deprecated`. */
export function renamedDoc({ to, advice, harmless, refusal }: Renamed): string {
  const now = /^is (.+) now$/.exec(advice)?.[1];
  if (to || now) return `Use ${to ?? now} instead.`;
  if (!harmless) return `No effect: ${advice}.`;
  return `${refusal === "not-yet" ? "Not built" : "Error"}: ${advice}.`;
}
