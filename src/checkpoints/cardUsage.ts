/** @file The part of a model card that shows how to use the model: on the command line, in TypeScript, in Python. */
import { shellWord } from "../phrases.ts";

export interface CardUsage {
  /** Folder of the model, as seen from the folder above it. */
  model_name: string;
  /** Whether PEFT loads it, on its base model. */
  isAdapter: boolean;
  /** Whether the tokenizer has a chat template: such a model answers messages, and often nothing to a bare text. */
  hasChatTemplate: boolean;
  /** The base model is a GGUF file, which PEFT does not find by itself. */
  isOnGguf: boolean;
}

/** The course note's question. */
const PROMPT = "Is a higher octane gasoline better for your car?";
const MAX_NEW_TOKENS = 64;

const code = (language: string, lines: readonly string[]) => ["```".concat(language), ...lines, "```"].join("\n");

/** Paragraphs and code, each of which runs in the folder above the model's. */
export function cardUsage(usage: CardUsage): string[] {
  return [
    "## How to use it",
    "On the command line:",
    code("sh", [`npx prefine generate ${shellWord(usage.model_name)} --prompt "${PROMPT}"`]),
    "In TypeScript:",
    code("ts", typescript(usage)),
    ...python(usage),
  ];
}

function typescript({ model_name, hasChatTemplate }: CardUsage): string[] {
  const input = hasChatTemplate ? "messages" : JSON.stringify(PROMPT);
  const options = `{ max_new_tokens: ${MAX_NEW_TOKENS}, return_full_text: false }`;
  return [
    'import { pipeline } from "prefine";',
    "",
    `const generate = await pipeline("text-generation", { model: ${JSON.stringify(model_name)} });`,
    ...(hasChatTemplate ? [`const messages = [{ role: "user", content: ${JSON.stringify(PROMPT)} }];`] : []),
    `const [answer] = await generate(${input}, ${options});`,
    "console.log(answer.generated_text);",
  ];
}

function python(usage: CardUsage): string[] {
  if (usage.isAdapter && usage.isOnGguf) {
    return [ON_GGUF];
  }
  const { isAdapter, model_name } = usage;
  const [library, loader] = isAdapter ? ["PEFT", "AutoPeftModelForCausalLM"] : ["transformers", "AutoModelForCausalLM"];
  const imports = isAdapter
    ? [`from peft import ${loader}`, "from transformers import AutoTokenizer"]
    : [`from transformers import ${loader}, AutoTokenizer`];
  const name = JSON.stringify(model_name);
  const lines = [
    ...imports,
    "",
    `model = ${loader}.from_pretrained(${name})`,
    `tokenizer = AutoTokenizer.from_pretrained(${name})`,
    ...pythonInputs(usage),
    `outputs = model.generate(**inputs, max_new_tokens=${MAX_NEW_TOKENS})`,
    'print(tokenizer.decode(outputs[0][inputs["input_ids"].shape[1]:], skip_special_tokens=True))',
  ];
  return [`In Python, with ${library}:`, code("python", lines)];
}

/** PEFT reads base models in transformers' format alone; the file does not say which one it was made from. */
const ON_GGUF =
  "Its base model is a GGUF file, which PEFT does not load: in Python, the adapter needs the original model that the " +
  "file was made from, in transformers' format. Or `prefine merge` writes both as a model that transformers loads.";

function pythonInputs({ hasChatTemplate }: CardUsage): string[] {
  if (!hasChatTemplate) return [`inputs = tokenizer(${JSON.stringify(PROMPT)}, return_tensors="pt")`];
  return [
    `messages = [{"role": "user", "content": ${JSON.stringify(PROMPT)}}]`,
    "inputs = tokenizer.apply_chat_template(",
    '    messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"',
    ")",
  ];
}
