/** @file The line that says which format rows are read as, and why. */
import type { Recognized } from "./recognize.ts";
import type { ShapeOptions } from "./shape.ts";

/** `orca (columns system, question, chosen, rejected)`. */
export function readingLine({ shape, why }: Pick<Recognized, "shape" | "why">, options?: ShapeOptions | null): string {
  const mapped = Object.entries(options?.map ?? {}).map(([to, from]) => `${to} from ${JSON.stringify(from)}`);
  return `${shape.name} (${[why, ...mapped].join("; ")})`;
}
