/** @file SVG to PNG with fonts bundled in the package, so that text renders on machines without fonts. */
import { checkValue, noArguments, type ValueCheck } from "../arguments.ts";
import { ownRequire } from "../disk/ownPlace.ts";
import { PrefineError } from "../errors.ts";

/** Literal paths, so that bundlers see the dependency. */
const fontFiles = (require: NodeJS.Require) => [
  require.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf"),
  require.resolve("@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf"),
];

/** Matches characters that Inter may lack: it has Latin, Greek, Cyrillic, punctuation, arrows and symbols. */
const BEYOND_INTER = /[^\s\u0020-\u052f\u1e00-\u1fff\u2000-\u22ff\u25a0-\u25ff]/;

const SVG: ValueCheck = {
  expected: "an SVG text",
  accepts: (value) => typeof value === "string" && value.includes("<svg"),
};

/**
 * Renders SVG text at twice its size, for high-density screens.
 * Loads system fonts only for text in a script that Inter lacks. (An unknown key in the options would make resvg
 * silently ignore all of them, fonts included.)
 * @returns the bytes of a PNG file.
 */
export function renderPng(svg: string, ...further: readonly []): Uint8Array {
  checkValue("renderPng", svg, SVG, "Pass the text that plotRuns returns.");
  noArguments("renderPng", further, "The size and the colors are those of the SVG: options of plotRuns.");
  const require = ownRequire(import.meta.url);
  // loaded here: most programs need no rasterizer, and bundlers can't pack its binary
  const { Resvg } = require("@resvg/resvg-js") as typeof import("@resvg/resvg-js");
  const loadSystemFonts = BEYOND_INTER.test(svg);
  const font = { loadSystemFonts, fontFiles: fontFiles(require), defaultFontFamily: "Inter", sansSerifFamily: "Inter" };
  try {
    return new Uint8Array(new Resvg(svg, { font, fitTo: { mode: "zoom", value: 2 } }).render().asPng());
  } catch (cause) {
    const message = `renderPng: expected an SVG text, found one that can't be drawn: ${(cause as Error).message}`;
    throw new PrefineError("data", message, "Pass the text that plotRuns returns.", { cause });
  }
}
