/** @file The table of shapes: what reads and writes each format of preference data. */
import type { DataFormat } from "../../config/options/dataFormats.ts";
import { alpaca } from "./alpaca.ts";
import { arena } from "./arena.ts";
import { argilla } from "./argilla.ts";
import { AXOLOTL_TEXTS } from "./axolotlTexts.ts";
import { binarized } from "./binarized.ts";
import { CHAT_TEMPLATE } from "./chatTemplate.ts";
import { compared } from "./compared.ts";
import { hh } from "./hh.ts";
import { labelStudio } from "./labelStudio.ts";
import { openai } from "./openai.ts";
import { orca } from "./orca.ts";
import { ranked } from "./ranked.ts";
import { rated } from "./rated.ts";
import type { Shape } from "./shape.ts";
import { sharegpt } from "./sharegpt.ts";
import { thumbs } from "./thumbs.ts";
import { trl } from "./trl.ts";
import { userDefined } from "./userDefined.ts";

const ALL: readonly Shape[] = [
  ...[trl, binarized, orca, alpaca, sharegpt, openai, hh, arena, compared, ranked, rated, thumbs, argilla, labelStudio],
  ...AXOLOTL_TEXTS,
  ...CHAT_TEMPLATE,
  userDefined,
];

/** By name; a test compares the names with those of config/options/dataFormats.ts. */
export const SHAPES = Object.fromEntries(ALL.map((shape) => [shape.name, shape])) as Readonly<
  Record<DataFormat, Shape>
>;
