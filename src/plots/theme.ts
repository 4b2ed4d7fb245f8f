/** @file Appearance of plots, light and dark: colors, font, text widths. */

export type ThemeName = "light" | "dark";

export interface Theme {
  background: string;
  text: string;
  /** Color of axis numbers and the subtitle. */
  muted: string;
  grid: string;
  /** One color per run; neighbors are distinguishable for color-blind readers (after Okabe and Ito). */
  palette: string[];
}

export const THEMES: Record<ThemeName, Theme> = {
  light: {
    background: "#ffffff",
    text: "#1f2328",
    muted: "#59636e",
    grid: "#e4e8ec",
    palette: ["#0b6bb8", "#d9580a", "#06916a", "#b5449a", "#c99400", "#5b4bb7", "#3aa0d8", "#8a5a2b"],
  },
  dark: {
    background: "#0d1117",
    text: "#e6edf3",
    muted: "#9da7b3",
    grid: "#262d36",
    palette: ["#58a6ff", "#ff9a4d", "#3fc89a", "#ee8fd6", "#f0c84b", "#a99bff", "#9cdcfe", "#c99b6d"],
  },
};

/** The PNG uses Inter; a browser without it uses its default. */
export const FONT_FAMILY = "Inter, system-ui, sans-serif";

/** The color of run number `index`; beyond the palette, hues a golden angle apart. */
export function runColor(theme: Theme, index: number): string {
  if (index < theme.palette.length) return theme.palette[index];
  const lightness = theme.background === "#ffffff" ? 40 : 70;
  return `hsl(${Math.round((index * 137.5) % 360)}, 55%, ${lightness}%)`;
}

/** Width of the narrowest characters in em. */
const NARROWEST = 0.29;

/** Approximate width of an Inter character in em, to within a tenth. */
function charWidth(char: string): number {
  if (char > "\u2e7f") return 1; // CJK and emoji
  if ("iljI.,:;'|!".includes(char)) return NARROWEST;
  if ("ftr()[]-/ ".includes(char)) return 0.4;
  if ("mwMW@%—".includes(char)) return 0.9;
  return /[A-Z0-9]/.test(char) ? 0.68 : 0.6;
}

/** Estimated width of text in pixels: no font is loaded when the SVG is written. */
export function pixelWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width * fontSize;
}

/** The text, or its beginning and end around an ellipsis if it is wider than `width` pixels. */
export function fitText(text: string, fontSize: number, width: number): string {
  if (pixelWidth(text, fontSize) <= width) return text;
  const chars = [...text];
  const most = Math.floor(width / (NARROWEST * fontSize)); // more can't fit
  for (let keep = Math.min(chars.length - 1, most); keep > 1; keep--) {
    const head = Math.ceil(keep / 2);
    const shortened = `${chars.slice(0, head).join("")}…${chars.slice(chars.length - (keep - head)).join("")}`;
    if (pixelWidth(shortened, fontSize) <= width) return shortened;
  }
  return "…";
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are replaced
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/g;

/** Escapes text for XML; controls and what XML does not allow become spaces. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(UNSEEN, " ").replace(/[&<>"]/g, (char) => names[char]);
}
