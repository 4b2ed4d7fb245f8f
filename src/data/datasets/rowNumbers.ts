/** @file Row numbers and counts that callers give to a dataset, and the errors for wrong ones. */
import { describeValue } from "../../arguments.ts";
import { PrefineError } from "../../errors.ts";
import { counted } from "../../phrases.ts";

interface Counted {
  readonly name: string;
  readonly num_rows: number;
}

/** The position of row `index`; negative counts from the end. @throws PrefineError("data") if there is none. */
export function positionOf(index: number, { name, num_rows }: Counted): number {
  const position = typeof index === "number" && index < 0 ? num_rows + index : index;
  if (Number.isInteger(position) && position >= 0 && position < num_rows) return position;
  const message = `${name}: no row ${describeValue(index)}: it has ${counted(num_rows, "row")}`;
  throw new PrefineError("data", message, "Rows count from 0.");
}

/** @throws PrefineError("data") naming the first that is no row's. */
export function checkSelected(indices: readonly number[], { name, num_rows }: Counted): void {
  const wrong = indices.findIndex((index) => !Number.isInteger(index) || index < 0 || index >= num_rows);
  if (wrong < 0) return;
  const message = `${name}: select: no row ${describeValue(indices[wrong])}: it has ${counted(num_rows, "row")}`;
  throw new PrefineError("data", message);
}

/** @throws PrefineError("data") for what is no number of rows of the dataset. */
export function checkCount(n: number, method: string, { name, num_rows }: Counted): number {
  if (Number.isInteger(n) && n >= 0 && n <= num_rows) return n;
  const expected = `expected a number of its ${counted(num_rows, "row")}`;
  throw new PrefineError("data", `${name}: ${method}: ${expected}, found ${describeValue(n)}`);
}
