/** @file Colours, letters and lengths of text: what the picture looks like in light and dark. */

export type ThemeName = "light" | "dark";

export interface Theme {
  background: string;
  text: string;
  /** Axis numbers, the subtitle. */
  muted: string;
  grid: string;
  /** One colour a run; neighbours stay apart for colour-blind readers too (after Okabe and Ito). */
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

/** Inter is in the PNG; a browser that lacks it takes its own. */
export const FONT_FAMILY = "Inter, system-ui, sans-serif";

/** The colour of run number `index`; beyond the palette, hues a golden angle apart. */
export function runColor(theme: Theme, index: number): string {
  if (index < theme.palette.length) return theme.palette[index];
  const lightness = theme.background === "#ffffff" ? 40 : 70;
  return `hsl(${Math.round((index * 137.5) % 360)}, 55%, ${lightness}%)`;
}

/** Width of a character of Inter in em, to within a tenth. */
function charWidth(char: string): number {
  if (char > "\u2e7f") return 1; // CJK and emoji
  if ("iljI.,:;'|!".includes(char)) return 0.29;
  if ("ftr()[]-/ ".includes(char)) return 0.4;
  if ("mwMW@%—".includes(char)) return 0.9;
  return /[A-Z0-9]/.test(char) ? 0.68 : 0.6;
}

/** Estimated width of a text in pixels: there is no font to measure with when the SVG is written. */
export function pixelWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width * fontSize;
}

/** The text, or its beginning and end around an ellipsis where it is wider than `width` pixels. */
export function fitText(text: string, fontSize: number, width: number): string {
  if (pixelWidth(text, fontSize) <= width) return text;
  const chars = [...text];
  for (let keep = chars.length - 1; keep > 1; keep--) {
    const head = Math.ceil(keep / 2);
    const shortened = `${chars.slice(0, head).join("")}…${chars.slice(chars.length - (keep - head)).join("")}`;
    if (pixelWidth(shortened, fontSize) <= width) return shortened;
  }
  return "…";
}

/** Text for XML: markup escaped, characters that XML has no place for dropped. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones to drop
  return text.replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, " ").replace(/[&<>"]/g, (char) => names[char]);
}
