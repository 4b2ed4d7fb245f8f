/** @file SVG to PNG with the fonts that the package brings along, so that text is there on a machine without any. */
import { ownRequire } from "../disk/ownPlace.ts";

/** Names in full, so that tools see what the package needs. */
const fontFiles = (require: NodeJS.Require) => [
  require.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf"),
  require.resolve("@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf"),
];

/** A character that Inter may lack: it has Latin, Greek and Cyrillic, punctuation, arrows and signs. */
const BEYOND_INTER = /[^\s\u0020-\u052f\u1e00-\u1fff\u2000-\u22ff\u25a0-\u25ff]/;

/**
 * Renders an SVG text at twice its size, for screens of high density.
 * Fonts of the system are looked at only for names in a script that Inter lacks. (An unknown key in the options would
 * make resvg ignore all of them in silence, fonts included.)
 * @returns the bytes of a PNG file.
 */
export function renderPng(svg: string): Uint8Array {
  const require = ownRequire(import.meta.url);
  // only now: programs that never draw need no rasterizer, and a bundler can't pack its binary
  const { Resvg } = require("@resvg/resvg-js") as typeof import("@resvg/resvg-js");
  const loadSystemFonts = BEYOND_INTER.test(svg);
  const font = { loadSystemFonts, fontFiles: fontFiles(require), defaultFontFamily: "Inter", sansSerifFamily: "Inter" };
  return new Uint8Array(new Resvg(svg, { font, fitTo: { mode: "zoom", value: 2 } }).render().asPng());
}
