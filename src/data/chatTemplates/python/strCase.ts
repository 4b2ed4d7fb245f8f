/** @file Python's str methods of case and of kinds of characters: title, casefold, isdigit and the like. */

/** Characters followed by their title case, where it is neither the upper case nor the character itself. */
const TITLES =
  "ßSs Ǆǅ ǆǅ Ǉǈ ǉǈ Ǌǋ ǌǋ Ǳǲ ǳǲ \u0587\u0535\u0582 \u1f80\u1f88 \u1f81\u1f89 \u1f82\u1f8a \u1f83\u1f8b \u1f84\u1f8c " +
  "\u1f85\u1f8d \u1f86\u1f8e \u1f87\u1f8f \u1f90\u1f98 \u1f91\u1f99 \u1f92\u1f9a \u1f93\u1f9b \u1f94\u1f9c " +
  "\u1f95\u1f9d \u1f96\u1f9e \u1f97\u1f9f \u1fa0\u1fa8 \u1fa1\u1fa9 \u1fa2\u1faa \u1fa3\u1fab \u1fa4\u1fac " +
  "\u1fa5\u1fad \u1fa6\u1fae \u1fa7\u1faf \u1fb2\u1fba\u0345 \u1fb3\u1fbc \u1fb4\u0386\u0345 " +
  "\u1fb7\u0391\u0342\u0345 \u1fc2\u1fca\u0345 \u1fc3\u1fcc \u1fc4\u0389\u0345 \u1fc7\u0397\u0342\u0345 " +
  "\u1ff2\u1ffa\u0345 \u1ff3\u1ffc \u1ff4\u038f\u0345 \u1ff7\u03a9\u0342\u0345 \ufb00Ff \ufb01Fi \ufb02Fl " +
  "\ufb03Ffi \ufb04Ffl \ufb05St \ufb06St \ufb13\u0544\u0576 \ufb14\u0544\u0565 \ufb15\u0544\u056b " +
  "\ufb16\u054e\u0576 \ufb17\u0544\u056d";
/** Ideographs that stand for numbers: numeric in Python, letters for JavaScript. */
const NUMERIC_LETTERS =
  "\u3405\u3483\u382a\u3b4d\u4e00\u4e03\u4e07\u4e09\u4e5d\u4e8c\u4e94\u4e96\u4ebf\u4ec0\u4edf\u4ee8\u4f0d\u4f70" +
  "\u5104\u5146\u5169\u516b\u516d\u5341\u5343\u5344\u5345\u534c\u53c1\u53c2\u53c3\u53c4\u56db\u58f1\u58f9\u5e7a" +
  "\u5efe\u5eff\u5f0c\u5f0d\u5f0e\u5f10\u62fe\u634c\u67d2\u6f06\u7396\u767e\u8086\u842c\u8cae\u8cb3\u8d30\u9621" +
  "\u9646\u964c\u9678\u96f6\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd\u{20001}\u{20064}\u{200e2}\u{20121}\u{2092a}" +
  "\u{20983}\u{2098c}\u{2099c}\u{20aea}\u{20afd}\u{20b19}\u{22390}\u{22998}\u{23b1b}\u{2626d}\u{2f890}";
const TITLE_OF = new Map(TITLES.split(" ").map((pair) => [pair.charAt(0), pair.slice(1)]));
/** Letters that are their own title case: Georgian, and digraphs such as U+01C5. */
const OWN_TITLE = /[\p{Lt}\u10d0-\u10fa\u10fd-\u10ff]/u;

/** Title case of one character. */
function titleOf(point: string): string {
  return TITLE_OF.get(point) ?? (OWN_TITLE.test(point) ? point : point.toUpperCase());
}

/** str.capitalize. */
export function capitalize(text: string): string {
  const [first] = text;
  // The whole text is lowered: a final sigma depends on the letters before it.
  return first === undefined ? "" : titleOf(first) + lowerFrom(text, first.length);
}

/** Lower case of a text's rest, by the rules for the whole text. */
function lowerFrom(text: string, start: number): string {
  return text.toLowerCase().slice(text.slice(0, start).toLowerCase().length);
}

const CASED = /\p{Cased}/u;

/** str.title: a cased character after another one is lowered, others are title case. */
export function title(text: string): string {
  let after = false;
  let out = "";
  let start = 0;
  for (const point of text) {
    out += after ? lowerAt(text, start, point) : titleOf(point);
    after = CASED.test(point);
    start += point.length;
  }
  return out;
}

/** Lower case of the character at `start`; only a sigma depends on its neighbors. */
function lowerAt(text: string, start: number, point: string): string {
  if (point !== "\u03a3") return point.toLowerCase();
  const isFinal = lowerFrom(text.slice(0, start + 1), start) === "\u03c2" && !isCasedNext(text, start + 1);
  return isFinal ? "\u03c2" : "\u03c3";
}
const isCasedNext = (text: string, at: number) => /^[\p{Case_Ignorable}]*\p{Cased}/u.test(text.slice(at, at + 64));

/** str.swapcase. */
export function swapCase(text: string): string {
  let out = "";
  let start = 0;
  for (const point of text) {
    if (/\p{Uppercase}/u.test(point)) out += lowerAt(text, start, point);
    else out += /\p{Lowercase}/u.test(point) ? point.toUpperCase() : point;
    start += point.length;
  }
  return out;
}

/** str.casefold: lower case of upper case, save the dotless i; Cherokee folds to its capitals. */
export function casefold(text: string): string {
  return Array.from(text, (point) => {
    if (point === "\u0131") return point;
    if (/\p{Script=Cherokee}/u.test(point)) return point.toUpperCase();
    return Array.from(point.toUpperCase(), (upper) => upper.toLowerCase()).join("");
  }).join("");
}

const DIGITS =
  "\\p{Nd}\\xb2\\xb3\\xb9\\u1369-\\u1371\\u19da\\u2070\\u2074-\\u2079\\u2080-\\u2089\\u2460-\\u2468\\u2474-\\u247c" +
  "\\u2488-\\u2490\\u24ea\\u24f5-\\u24fd\\u24ff\\u2776-\\u277e\\u2780-\\u2788\\u278a-\\u2792" +
  "\\u{10a40}-\\u{10a43}\\u{10e60}-\\u{10e68}\\u{11052}-\\u{1105a}\\u{1f100}-\\u{1f10a}";
const DIGIT = new RegExp(`[${DIGITS}]`, "u");
const numericLetters = new Set(NUMERIC_LETTERS);
const isNumeric = (point: string) => /\p{N}/u.test(point) || numericLetters.has(point);

function isAll(text: string, test: (point: string) => boolean): boolean {
  if (text === "") return false;
  for (const point of text) if (!test(point)) return false;
  return true;
}

export const isDecimal = (text: string): boolean => isAll(text, (point) => /\p{Nd}/u.test(point));
export const isDigit = (text: string): boolean => isAll(text, (point) => DIGIT.test(point));
export const isNumericText = (text: string): boolean => isAll(text, isNumeric);
export const isAlpha = (text: string): boolean => isAll(text, (point) => /\p{L}/u.test(point));
export const isAlnum = (text: string): boolean => isAll(text, (point) => /\p{L}/u.test(point) || isNumeric(point));
export const isIdentifier = (text: string): boolean => /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text);
export const isLower = (text: string): boolean => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
export const isUpper = (text: string): boolean => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);

/** str.istitle: capitals begin words, small letters continue them. */
export function isTitle(text: string): boolean {
  let [after, some] = [false, false];
  for (const point of text) {
    const isCapital = /[\p{Uppercase}\p{Lt}]/u.test(point);
    const isSmall = /\p{Lowercase}/u.test(point);
    if ((isCapital && after) || (isSmall && !after)) return false;
    after = isCapital || isSmall;
    some ||= after;
  }
  return some;
}
