/** @file What to do about rows without the columns that DPO needs: what their columns are in other formats. */
import { shellWord } from "../../phrases.ts";

const NEEDS = "Preference data has the columns chosen and rejected, and optionally prompt";
const SHAREGPT =
  "These are ShareGPT's messages: map each { from, value } to { role, content }, with human as user and gpt as " +
  "assistant.";

/** Column -> what other datasets call it. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  prompt: ["question", "instruction", "query", "input", "context", "anchor"],
  chosen: [
    "chosen_response",
    "response_chosen",
    "chosen_answer",
    "accepted",
    "accept",
    "preferred",
    "better",
    "good",
    "positive",
    "winner",
    "win",
  ],
  rejected: [
    "rejected_response",
    "response_rejected",
    "rejected_answer",
    "reject",
    "dispreferred",
    "worse",
    "bad",
    "negative",
    "loser",
    "lose",
  ],
};

/** True for `{ from, value }`. */
function isShareGpt(value: unknown): boolean {
  return typeof value === "object" && value !== null && "from" in value && "value" in value;
}

/** The hint for ShareGPT's messages; undefined for other values. */
export function shareGptHint(value: unknown): string | undefined {
  return isShareGpt(value) || (Array.isArray(value) && isShareGpt(value[0])) ? SHAREGPT : undefined;
}

const isPair = (row: unknown) => typeof row === "object" && row !== null && "chosen" in row && "rejected" in row;

const shownName = (name: string) => (/^\w+$/.test(name) ? name : JSON.stringify(name));

/** What to do about a row without the column chosen or rejected. */
export function columnHint(row: Readonly<Record<string, unknown>>): string {
  const columns = Object.keys(row);
  const sharegpt = Object.values(row)
    .map(shareGptHint)
    .find((hint) => hint !== undefined);
  if (sharegpt !== undefined) return `${NEEDS}. ${sharegpt}`;
  const plain = (name: string) => name.trim().toLowerCase();
  const renames = Object.entries(OTHER_NAMES).flatMap(([column, others]): [column: string, other: string][] => {
    if (column in row) return [];
    const names = [column, ...others];
    const other = names.map((name) => columns.find((one) => plain(one) === name)).find((one) => one !== undefined);
    return other === undefined ? [] : [[column, other]];
  });
  if (renames.some(([column]) => column !== "prompt")) {
    const map = renames.map(([column, other]) => `${column}: ${shownName(other)}`).join(", ");
    const flags = renames.map(([column, other]) => shellWord(`${column}=${other}`)).join(" ");
    const columnNames = renames.map(([column, other]) => `${shownName(other)}: "${column}"`).join(", ");
    const command = `--map ${flags} on the command line`;
    return `${NEEDS}: map: { ${map} } in a run file, ${command}, or rename_columns({ ${columnNames} }).`;
  }
  const list = columns.find((name) => Array.isArray(row[name]) && isPair(row[name][0]));
  if (list !== undefined) {
    const call = `loadDataset(FILE, { field: ${JSON.stringify(list)} })`;
    const entry = `datasets: [{ path: FILE, field: ${shownName(list)} }]`;
    return `${NEEDS}. The rows seem to be the list ${list}: in a run file ${entry}, in code ${call}.`;
  }
  const separator = columns.length === 1 ? /[;\t|]/.exec(columns[0])?.[0] : undefined;
  if (separator !== undefined) {
    const call = `loadDataset(FILE, { sep: ${JSON.stringify(separator)} })`;
    const entry = `datasets: [{ path: FILE, sep: ${JSON.stringify(separator)} }]`;
    return `${NEEDS}. The file's columns seem to be separated otherwise: in a run file ${entry}, in code ${call}.`;
  }
  if ("label" in row) {
    return `${NEEDS}; rows of one answer with a label are read as thumbs if the label is true or false in all of them.`;
  }
  const single = ["completion", "messages", "response", "output", "answer", "text", "conversations"];
  if (single.some((name) => name in row))
    return `${NEEDS}; rows with one answer per prompt are for supervised fine-tuning.`;
  return `${NEEDS}: rename yours with a map (on the command line: --process FILE.mjs).`;
}
