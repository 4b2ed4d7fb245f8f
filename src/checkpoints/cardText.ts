/** @file Pieces of Markdown that the parts of a model card share. */
import { printable } from "../phrases.ts";

/** A model or dataset as a card names it. */
export interface CardName {
  /** A hub id; or the last part of the path of a folder or file, for where it lies on this disk is not published. */
  name: string;
  /** Whether the hub has it under this name. */
  isOnHub: boolean;
}

/** `name` or `organization/name`, by the hub's rules. */
const REPO_ID = /^(?:[A-Za-z0-9_][\w.-]{0,95}\/)?[A-Za-z0-9_][\w.-]{0,95}$/;
const isRepoId = (name: string) => REPO_ID.test(name) && !/--|\.\.|[.-]$|[.-]\/|\.git$/.test(name);

/**
 * @param isLocal whether it was read from the disk: a folder may be named like a hub id. Anything else is a link only
 *   if it is one.
 */
export function cardName(nameOrPath: string, isLocal: boolean): CardName {
  // a snapshot in the hub's cache came from there, and its path says under which id
  const cached = /[\\/](?:models|datasets)--([^\\/]+)[\\/]snapshots[\\/]/.exec(nameOrPath)?.[1];
  const id = cached ? cached.replace("--", "/") : isLocal ? null : nameOrPath;
  if (id !== null && isRepoId(id)) return { name: id, isOnHub: true };
  return { name: nameOrPath.split(/[\\/]/).filter(Boolean).at(-1) ?? nameOrPath, isOnHub: false };
}

/** Text that Markdown and HTML leave alone, on one line. */
export function plain(text: string): string {
  const shown = printable(text.replace(/\r\n?/g, "\n"));
  const escaped = shown.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const marks = /[\\`*[\]|#~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;
  return escaped.replace(marks, "\\$&").replaceAll("\n", "<br>");
}

/** @param at path of the kind on the hub: "" for models, "datasets/". */
export const hubLink = ({ name, isOnHub }: CardName, at: "" | "datasets/") =>
  isOnHub ? `[${name}](https://huggingface.co/${at}${name})` : plain(name);

export const bulletList = (items: readonly string[]) => items.map((item) => `- ${item}`).join("\n");
