/** @file A tokenizer's chat templates: reads, selects and saves them. */
import { PrefineError, show } from "../../errors.ts";

/** A template, or several by name: default, tool_use, rag. */
export type ChatTemplate = string | Readonly<Record<string, string>>;

/** The chat template of a tokenizer's files: chat_template.jinja and additional_chat_templates/, or the config's. */
export function readChatTemplate(
  config: Readonly<Record<string, unknown>>,
  files: ReadonlyMap<string, string>,
  where: string,
): ChatTemplate | null {
  const templates = new Map<string, string>();
  for (const [path, text] of files) {
    const name = path === TEMPLATE_FILE ? "default" : ADDITIONAL.exec(path)?.[1];
    if (name !== undefined) templates.set(name, text);
  }
  const only = templates.size === 1 ? templates.get("default") : undefined;
  if (templates.size > 0) return only ?? Object.fromEntries(templates);
  return fromConfig(config.chat_template, where);
}

export const TEMPLATE_FILE = "chat_template.jinja";
export const TEMPLATE_FOLDER = "additional_chat_templates";
const ADDITIONAL = new RegExp(`^${TEMPLATE_FOLDER}/([^/\\\\]+)\\.jinja$`);

/** Whether a file of this name is a chat template. */
export function isTemplateFile(path: string): boolean {
  return path === TEMPLATE_FILE || ADDITIONAL.test(path);
}

function fromConfig(value: unknown, where: string): ChatTemplate | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  const list = Array.isArray(value) ? value.map((item) => [item?.name, item?.template]) : Object.entries(value);
  const isNamed = list.every(([name, template]) => typeof name === "string" && typeof template === "string");
  if (isNamed && list.length > 0) return Object.fromEntries(list);
  const message = `expected a string, or a list of name and template, found ${show(value)}`;
  throw new PrefineError("model", `${where}: chat_template: ${message}`);
}

/**
 * Selects a template: transformers' get_chat_template.
 * @param choice the name of a template, or a template itself; by default tool_use if there are tools, else default.
 * @throws PrefineError("model") if there is none
 */
export function chooseTemplate(
  has: ChatTemplate | null,
  choice: string | null | undefined,
  { tools, where }: { tools: boolean; where: string },
): string {
  if (typeof has === "string" || has === null) {
    const template = choice ?? has;
    if (template !== null) return template;
    throw new PrefineError(
      "model",
      `${where}: expected a tokenizer with a chat template, found none: messages cannot be rendered`,
      "Use the tokenizer of an instruct model, give a template (chat_template in a run file or on the command line, " +
        "tokenizer.chat_template in code), or convert the messages to text.",
    );
  }
  if (choice !== null && choice !== undefined) return Object.hasOwn(has, choice) ? has[choice] : choice;
  if (tools && has.tool_use !== undefined) return has.tool_use;
  if (has.default !== undefined) return has.default;
  const names = Object.keys(has).sort().join(", ");
  throw new PrefineError(
    "model",
    `${where}: expected a chat template named default, found ${names}`,
    "Choose one with chat_template.",
  );
}

/** The files that store templates, as transformers 5 writes them: path -> text. */
export function templateFiles(has: ChatTemplate | null): Map<string, string> {
  if (has === null) return new Map();
  if (typeof has === "string") return new Map([[TEMPLATE_FILE, has]]);
  return new Map(
    Object.entries(has).map(([name, text]) => {
      if (name === "default") return [TEMPLATE_FILE, text];
      if (/^[^/\\]+$/.test(name) && !/^\.+$/.test(name)) return [`${TEMPLATE_FOLDER}/${name}.jinja`, text];
      throw new PrefineError("model", `chat template: expected a name that is a valid file name, found ${show(name)}`);
    }),
  );
}
