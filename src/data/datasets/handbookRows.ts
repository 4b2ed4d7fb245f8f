/**
 * @file Rows of conversations as alignment-handbook's apply_chat_template reads them for dpo: a prompt that is a text
 * gives way to the conversation's own turns, and an empty system message may come first.
 */
import { copyWritten } from "../../formats/written.ts";
import { Dataset } from "./dataset.ts";
import type { Row } from "./features.ts";

type Message = { role: string; content: unknown };

/** alignment-handbook's is_openai_format. */
function isConversation(value: unknown): value is Message[] {
  const isMessage = (one: unknown) => typeof one === "object" && one !== null && "role" in one && "content" in one;
  return Array.isArray(value) && value.length > 0 && value.every(isMessage);
}

/**
 * Rows whose chosen and rejected are whole conversations, next to a prompt that is none: the prompt becomes all turns
 * of chosen but the last, and both answers their last turn. Other rows stay as they are.
 */
export function withTurnsAsPrompt(dataset: Dataset): Dataset {
  const { features } = dataset;
  const { chosen, prompt } = features;
  if (chosen?.kind !== "list" || prompt?.kind === "list") return dataset;
  return new Dataset(dataset.changedLater(splitTurns, { ...features, prompt: chosen }));
}

function splitTurns(row: Row): Row {
  const { chosen, rejected, prompt } = row;
  if (!isConversation(chosen) || !isConversation(rejected) || isConversation(prompt)) return row;
  const parts = { prompt: chosen.slice(0, -1), chosen: chosen.slice(-1), rejected: rejected.slice(-1) };
  return copyWritten({ ...row, ...parts }, row);
}

/** Whether alignment-handbook begins conversations with an empty system message under this chat template. */
export const takesSystemMessage = (template: string) =>
  template.includes("system") || template.includes("<|im_start|>");

/** The rows with an empty system message before prompts without one: its maybe_insert_system_message. */
export function withEmptySystemMessage(dataset: Dataset): Dataset {
  return new Dataset(dataset.changedLater(insertSystem, dataset.features));
}

function insertSystem(row: Row): Row {
  const { prompt } = row;
  if (!isConversation(prompt) || prompt[0].role === "system") return row;
  return copyWritten({ ...row, prompt: [{ role: "system", content: "" }, ...prompt] }, row);
}
