/** @file questions/*.txt -> questions: blocks of four lines, a file a subject. */
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("./questions/", import.meta.url);

export interface Question {
  /** File name without its ending. */
  subject: string;
  prompt: string;
  /** The answer, without detours. */
  direct: string;
  /** What the question is about, as a noun phrase in the middle of a sentence. */
  topic: string;
  /** Something true that is beside the point. */
  aside: string;
}

function parseBlock(block: string, subject: string): Question {
  const lines = block.split("\n");
  if (lines.length !== 4) throw new Error(`${subject}.txt: expected blocks of four lines, found:\n${block}`);
  const [prompt, direct, topic, aside] = lines;
  return { subject, prompt, direct, topic, aside };
}

/** All questions, ordered by file name and place in the file. */
export function readQuestions(): Question[] {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".txt"))
    .sort();
  return files.flatMap((name) => {
    const text = readFileSync(new URL(name, FOLDER), "utf8").trim();
    return text.split("\n\n").map((block) => parseBlock(block, name.replace(/\.txt$/, "")));
  });
}
