/** @file The roles that chat templates and models know, and what other data calls them. */

const ROLES = ["system", "developer", "user", "assistant", "tool", "function", "ipython", "environment"];

/** ShareGPT's names, and others. */
const MEANT: Readonly<Record<string, string>> = {
  human: "user",
  person: "user",
  prompter: "user",
  question: "user",
  instruction: "user",
  gpt: "assistant",
  chatgpt: "assistant",
  bing: "assistant",
  bard: "assistant",
  ai: "assistant",
  bot: "assistant",
  chatbot: "assistant",
  model: "assistant",
  answer: "assistant",
  response: "assistant",
  function_response: "tool",
  observation: "tool",
};

/** True for a role that templates know by name. */
export const isKnownRole = (role: string): boolean => ROLES.includes(role);

/** What to do about an unknown role: `rename it to user`. */
export function roleAdvice(role: string): string {
  const meant = MEANT[role.toLowerCase()] ?? ROLES.find((one) => one === role.toLowerCase());
  return meant === undefined ? "expected system, user, assistant or tool" : `rename it to ${meant}`;
}
