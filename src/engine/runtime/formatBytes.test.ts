/** @file Formatting of memory sizes. */
import { expect, test } from "vitest";
import { formatBytes } from "./formatBytes.ts";

test("bytes are shown in gigabytes", () => {
  expect([1.5e9, 40e6, 123.4e9].map(formatBytes)).toEqual(["1.5 GB", "0.0 GB", "123 GB"]);
});
