/** @file The JSON schema of a run file, for editors. */
import type { Option } from "./option.ts";
import { RENAMED_RUN_NAMES } from "./options/renamedNames.ts";
import type { Renamed } from "./renamed.ts";
import { RUN_OPTIONS } from "./run.ts";

/** JSON schema (draft 2020-12) of run.yaml: every key with its type, default and help; renamed keys are deprecated. */
export function runFileSchema(): Record<string, unknown> {
  const options = Object.entries(RUN_OPTIONS).map(([name, option]) => [name, optionSchema(option)]);
  const renamed = Object.entries<Renamed>(RENAMED_RUN_NAMES).map(([name, { advice }]) => [
    name,
    { deprecated: true, description: advice },
  ]);
  const env = { type: "object", description: "Environment variables to set.", additionalProperties: true };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "prefine run file",
    type: "object",
    properties: { ...Object.fromEntries(options), env, ...Object.fromEntries(renamed) },
    additionalProperties: false,
  };
}

function optionSchema(option: Option<unknown, unknown>): Record<string, unknown> {
  const note = option.support === "same" ? "" : ` (${option.support}${option.note ? `: ${option.note}` : ""})`;
  return { ...option.kind.schema, default: option.default, description: option.help + note };
}
