/** @file lr_scheduler_kwargs: the arguments of a learning-rate schedule. */
import { PrefineError, show } from "../errors.ts";

/** Every schedule reads its own keys. */
export type ScheduleKwargs = Readonly<Record<string, unknown>>;

/** Read key by key; keys left unread are an error at the end. */
export class ScheduleArgs {
  readonly #name: string;
  readonly #values: ScheduleKwargs;
  readonly #keys = new Set<string>();

  constructor(name: string, values: ScheduleKwargs) {
    this.#name = name;
    this.#values = values;
  }

  number(key: string): number | undefined;
  number(key: string, fallback: number): number;
  number(key: string, fallback?: number): number | undefined {
    this.#keys.add(key);
    const value = this.#values[key] ?? fallback;
    if (value === undefined || (typeof value === "number" && Number.isFinite(value))) return value;
    throw this.error(key, `expected a number, found ${show(value)}`);
  }

  boolean(key: string, fallback: boolean): boolean {
    this.#keys.add(key);
    const value = this.#values[key] ?? fallback;
    if (typeof value === "boolean") return value;
    throw this.error(key, `expected true or false, found ${show(value)}`);
  }

  oneOf(key: string, allowed: readonly string[], fallback: string): string {
    this.#keys.add(key);
    const value = this.#values[key] ?? fallback;
    if (typeof value === "string" && allowed.includes(value)) return value;
    throw this.error(key, `expected one of ${allowed.join(", ")}; found ${show(value)}`);
  }

  refuseRest(): void {
    const unknown = Object.keys(this.#values).find((key) => !this.#keys.has(key));
    if (unknown === undefined) return;
    const keys = [...this.#keys].join(", ") || "no keys";
    throw this.error(unknown, `unknown key; lr_scheduler_type "${this.#name}" takes ${keys}`);
  }

  error(key: string, text: string): PrefineError {
    return new PrefineError("config", `lr_scheduler_kwargs.${key}: ${text}`, "Fix lr_scheduler_kwargs, or remove it.");
  }
}
