/** @file Checks of what truncation leaves of a pair: nothing that can be trained on, or nothing that it could teach. */
import { equalJson } from "../../formats/equalJson.ts";
import type { Check } from "./check.ts";
import type { Message } from "./extractPrompt.ts";
import { truncatedCompletions } from "./packPair.ts";

const NOTHING_TO_QUOTE = "";

/** No text, no message, or only messages that say and do nothing. */
function isEmpty(answer: string | Message[]): boolean {
  if (typeof answer === "string") return answer === "";
  return answer.every(({ content, tool_calls }) => (content ?? "") === "" && (tool_calls ?? null) === null);
}

/** In the order of their lines; of a row, the first one that it fails counts. */
export const PAIR_CHECKS: readonly Check[] = [
  /** A prompt that leaves no room for a completion within max_length (keep_start), as TRL drops them. */
  {
    name: "promptFillsMaxLength",
    severity: "untrainable",
    look: ({ pair, truncation: { max_length, truncation_mode } }) => {
      if (max_length === null || truncation_mode !== "keep_start") return undefined;
      return pair.prompt_ids.length >= max_length ? String(max_length) : undefined;
    },
    describe: ({ example }) => `whose prompt alone fills max_length ${example}`,
  },
  /** A completion of which no token is predicted: one token, no prompt before it. TRL keeps these at log-prob 0. */
  {
    name: "nothingToPredict",
    severity: "untrainable",
    look: ({ pair, truncation }) => {
      const { chosen, rejected } = truncatedCompletions(pair, truncation);
      const shorter = Math.min(chosen.length, rejected.length);
      const { max_length, truncation_mode } = truncation;
      const hasContext = pair.prompt_ids.length > 0 && !(truncation_mode === "keep_end" && max_length === 1);
      return shorter === 0 || (shorter === 1 && !hasContext) ? NOTHING_TO_QUOTE : undefined;
    },
    describe: () => "without a prompt and with a completion of one token",
  },
  {
    name: "empty",
    severity: "degenerate",
    look: ({ row }) => (isEmpty(row.chosen) || isEmpty(row.rejected) ? NOTHING_TO_QUOTE : undefined),
    describe: () => "chosen or rejected is empty",
  },
  {
    name: "equal",
    severity: "degenerate",
    look: ({ row }) => (equalJson(row.chosen, row.rejected) ? NOTHING_TO_QUOTE : undefined),
    describe: () => "chosen and rejected are equal",
  },
  /** chosen and rejected differ only beyond max_length. */
  {
    name: "equalWithinMaxLength",
    severity: "degenerate",
    look: ({ pair, truncation }) => {
      const { chosen, rejected } = truncatedCompletions(pair, truncation);
      const isSame = chosen.length === rejected.length && chosen.every((id, i) => id === rejected[i]);
      return isSame ? NOTHING_TO_QUOTE : undefined;
    },
    describe: () => "chosen and rejected are equal within max_length",
  },
];
