/** @file The optimizers by name, and transformers' settings (`optim`, `optim_args`, `adam_*`) parsed for one. */
import { nearestName, PrefineError } from "../errors.ts";
import { adafactor } from "./adafactor.ts";
import { adagrad } from "./adagrad.ts";
import { adamw } from "./adamw.ts";
import { adamw8bit } from "./adamw8bit.ts";
import { lion } from "./lion.ts";
import type { Optimizer, OptimizerTensor, StateSpec, StepContext } from "./optimizer.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

const optimizers = { adamw, adamw8bit, sgd, adafactor, rmsprop, adagrad, lion };

type Optimizers = typeof optimizers;
/** Plain data: it is sent to the compute thread. */
export type OptimizerSettings = {
  [K in keyof Optimizers]: { kind: K } & (Optimizers[K] extends Optimizer<infer S> ? S : never);
}[keyof Optimizers];

const optimizerOf = ({ kind }: OptimizerSettings) => optimizers[kind] as Optimizer<OptimizerSettings>;

/** State that an optimizer keeps per trained tensor. */
export function stateOf(
  tensor: { name: string; shape: readonly number[] },
  settings: OptimizerSettings,
): Record<string, StateSpec> {
  return optimizerOf(settings).state(tensor, settings);
}

export function update(tensor: OptimizerTensor, settings: OptimizerSettings, context: StepContext): void {
  optimizerOf(settings).update(tensor, settings, context);
}

/** transformers' names: those on one line compute the same, on other devices or with paged memory. */
const NAMES: Record<string, keyof Optimizers> = {
  ...aliases(
    "adamw",
    "adamw_torch",
    "adamw_torch_fused",
    "adamw_torch_xla",
    "adamw_torch_npu_fused",
    "paged_adamw_32bit",
  ),
  ...aliases("adamw8bit", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit"),
  ...aliases("sgd", "sgd"),
  ...aliases("adafactor", "adafactor"),
  ...aliases("rmsprop", "rmsprop"),
  ...aliases("adagrad", "adagrad"),
  ...aliases("lion", "lion_32bit", "paged_lion_32bit"),
};

function aliases(kind: keyof Optimizers, ...names: string[]) {
  return Object.fromEntries(names.map((name) => [name, kind]));
}

/** The optimizer that one of transformers' names means here; undefined for a name that is not built. */
export const optimizerKind = (optim: string): keyof Optimizers | undefined =>
  Object.hasOwn(NAMES, optim) ? NAMES[optim] : undefined;

export interface OptimizerOptions {
  optim: string;
  optim_args?: string | null;
  adam_beta1: number;
  adam_beta2: number;
  adam_epsilon: number;
}

/** @throws PrefineError("config" | "not-yet") for an unknown name or argument, or one that is not built. */
export function optimizerSettings(options: OptimizerOptions): OptimizerSettings {
  const { optim } = options;
  const kind = optimizerKind(optim);
  if (!kind)
    throw new PrefineError("not-yet", `optim: ${optim} is not built; there are ${Object.keys(NAMES).join(", ")}`);
  const args = new OptimArgs(optim, options.optim_args ?? "");
  const settings = settingsOf(kind, options, args);
  args.refuseRest();
  return settings;
}

function settingsOf(kind: keyof Optimizers, options: OptimizerOptions, args: OptimArgs): OptimizerSettings {
  const { adam_beta1: beta1, adam_beta2: beta2, adam_epsilon: eps } = options;
  if (kind === "sgd") return sgdSettings(args);
  if (kind === "adafactor") return { kind };
  if (kind === "lion") return { kind, beta1, beta2 };
  if (kind === "adagrad") return { kind, lrDecay: args.number("lr_decay"), eps: args.number("eps", 1e-10) };
  if (kind !== "rmsprop") return { kind, beta1, beta2, eps };
  const decay = { alpha: args.number("alpha", 0.99), eps: args.number("eps", 1e-8) };
  return { kind, ...decay, momentum: args.number("momentum"), centered: args.flag("centered") };
}

function sgdSettings(args: OptimArgs): OptimizerSettings {
  const settings = {
    kind: "sgd" as const,
    momentum: args.number("momentum"),
    dampening: args.number("dampening"),
    nesterov: args.flag("nesterov"),
  };
  if (settings.nesterov && (settings.momentum === 0 || settings.dampening !== 0)) {
    throw args.error("nesterov", "expected momentum above 0 and no dampening");
  }
  return settings;
}

/** `key=value,key=value`, read key by key; keys left unread are an error at the end. */
class OptimArgs {
  readonly #optim: string;
  readonly #values = new Map<string, string>();
  readonly #keys = new Set<string>();

  constructor(optim: string, text: string) {
    this.#optim = optim;
    for (const part of text.replaceAll(" ", "").split(",").filter(Boolean)) {
      const [key, value, ...rest] = part.split("=");
      if (!value || rest.length > 0)
        throw new PrefineError("config", `optim_args: expected key=value, found "${part}"`);
      this.#values.set(key, value);
    }
  }

  text(key: string): string | undefined {
    this.#keys.add(key);
    return this.#values.get(key);
  }

  /** Parsed as in transformers. */
  flag(key: string): boolean {
    return /^(true|1|yes)$/i.test(this.text(key) ?? "");
  }

  /** At least 0. */
  number(key: string, fallback = 0): number {
    const text = this.text(key);
    const value = Number(text ?? fallback);
    if (value >= 0 && Number.isFinite(value)) return value;
    throw this.error(key, `expected a number of at least 0, found "${text}"`);
  }

  refuseRest(): void {
    const unknown = [...this.#values.keys()].find((key) => !this.#keys.has(key));
    if (unknown === undefined) return;
    const keys = [...this.#keys];
    const near = unknown === "weight_decay" ? "the option weight_decay" : nearestName(unknown, keys);
    const takes = keys.length > 0 ? keys.join(", ") : "none";
    const message = `optim_args: unknown key "${unknown}"; ${this.#optim} takes ${takes}`;
    throw new PrefineError("config", message, near ? `Did you mean ${near}?` : "Remove it: it would change nothing.");
  }

  error(key: string, text: string): PrefineError {
    return new PrefineError("config", `optim_args ${key}: ${text}`);
  }
}
