/** @file questions/*.txt -> questions: blocks of four lines, one file per subject. */
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("./questions/", import.meta.url);

export interface Question {
  /** File name without extension. */
  subject: string;
  prompt: string;
  /** The direct answer. */
  direct: string;
  /** The question's topic, as a noun phrase for the middle of a sentence. */
  topic: string;
  /** A true but irrelevant remark. */
  aside: string;
}

function parseBlock(block: string, subject: string): Question {
  const lines = block.split("\n");
  if (lines.length !== 4) throw new Error(`${subject}.txt: expected blocks of four lines, found:\n${block}`);
  const [prompt, direct, topic, aside] = lines;
  return { subject, prompt, direct, topic, aside };
}

/** All questions, ordered by file name and position in the file. */
export function readQuestions(): Question[] {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".txt"))
    .sort();
  return files.flatMap((name) => {
    const text = readFileSync(new URL(name, FOLDER), "utf8").trim();
    return text.split("\n\n").map((block) => parseBlock(block, name.replace(/\.txt$/, "")));
  });
}
