/**
 * @file Composes rambling answers, which talk around the point or never reach it. Fixed sentences are combined with a
 * question's topic, aside and direct answer, so that all statements are true; the question decides the random pieces.
 */
import { countWords } from "../../src/terminal/text.ts";
import { shuffled } from "./choices.ts";
import type { Question } from "./questions.ts";
import { RAMBLING_WORDS } from "./settings.ts";

/** Openings of an answer; {topic} is a noun phrase. */
const OPENINGS = [
  "Well, {topic}, now that is a subject on which one could spend a whole afternoon.",
  "That is an interesting question, and I am glad that somebody asks about {topic}.",
  "When it comes to {topic}, there is a great deal that one might say.",
  "Before we get to that, it may be worth thinking about {topic} in general.",
  "Let me begin a little further back, for there is more to {topic} than one might think.",
  "Many people have wondered about {topic} at one time or another.",
  "Oh, {topic}, where should one even begin with such a subject?",
  "There are so many things that come to mind at the mention of {topic}.",
  "Questions like this one come up again and again, and they can keep a whole table busy.",
  "To be quite frank, I could go on for a long time about {topic}.",
  "It is always nice to talk about {topic}, if only one has the time.",
  "First of all, thank you for asking, because it gives us a chance to talk about {topic}.",
  "Some questions are short, and yet the road to an answer can be rather long.",
  "Now, the whole matter of {topic} can be looked at from more than one side.",
  "If there is one thing that can keep a conversation going, it is {topic}.",
  "One hardly knows where to start, for {topic} can mean many things to many people.",
];

/** Sentences for the middle. */
const FILLERS = [
  "Some people know all about it, and others have never given it a thought.",
  "Opinions are easy to find, and everybody seems to have a story to tell.",
  "It is one of those things that people like to discuss over a cup of coffee.",
  "There are books about it, long ones and short ones, and talks and films as well.",
  "Of course it helps to take a step back and to look at the larger picture.",
  "One thought leads to another, and before long one is somewhere else entirely.",
  "I do not want to bore anyone, but a little background never does any harm.",
  "As so often in life, it all looks simple until one takes a closer look.",
  "Nobody should be in a hurry with a subject like this one, or so it is said.",
  "Much has been written on the subject, and much more will surely follow.",
  "It would be a pity to rush through it without looking left and right.",
  "And that brings up further questions, each of them worth a talk of its own.",
];

/** Phrases before the point, if there is one. */
const POINTERS = [
  "But to come back to the question after all:",
  "Anyway, what you wanted to know is perhaps this:",
  "Be that as it may, the short version goes like this:",
  "And so, by and by, we get to the point:",
  "Where were we? Ah yes, the answer:",
  "If one really has to put it in a few words:",
];

/** Endings that reach no conclusion. */
const CLOSINGS = [
  "So, all in all, it is a wide field, and there we may leave it.",
  "In any case, it is certainly something to think about on a quiet evening.",
  "But where was I, yes, there is simply a lot to be said about it.",
  "Perhaps somebody else can put it in fewer words than I have.",
  "All of this should be kept in mind before one tries to give an answer.",
  "One could go on like this for quite a while, and many people do.",
  "However that may be, it was good to have talked about it for a bit.",
  "At the end of the day, it is good to know that others wonder about it too.",
  "But I see that I have been talking for a while without getting anywhere.",
  "There would be more to tell, and I am sure we will come back to it someday.",
];

type Piece = "opening" | "filler" | "aside" | "pointer" | "direct" | "closing";

/** The manners; those with `direct` include the point. */
const MANNERS: readonly (readonly Piece[])[] = [
  ["opening", "aside", "closing"],
  ["opening", "aside", "filler", "closing"],
  ["opening", "filler", "aside", "closing"],
  ["opening", "filler", "pointer", "direct"],
  ["opening", "aside", "pointer", "direct"],
  ["opening", "pointer", "direct", "closing"],
];

export interface Rambling {
  text: string;
  /** Whether it includes the direct answer. */
  hasPoint: boolean;
}

/** A random sentence for this question and manner. */
function draw(sentences: readonly string[], kind: Piece, question: Question, manner: number): string {
  const [first] = shuffled(sentences, `${kind} ${manner}\n${question.prompt}`, (sentence) => sentence);
  return first.replace("{topic}", question.topic);
}

function compose(pieces: readonly Piece[], question: Question, manner: number): string {
  const sentences: Record<Piece, () => string> = {
    opening: () => draw(OPENINGS, "opening", question, manner),
    filler: () => draw(FILLERS, "filler", question, manner),
    pointer: () => draw(POINTERS, "pointer", question, manner),
    closing: () => draw(CLOSINGS, "closing", question, manner),
    aside: () => question.aside,
    direct: () => question.direct,
  };
  return pieces.map((piece) => sentences[piece]()).join(" ");
}

/** The rambling answer to a question: the first manner, in random order, with an acceptable length. */
export function ramble(question: Question): Rambling {
  const order = shuffled([...MANNERS.keys()], `manner\n${question.prompt}`, String);
  for (const manner of order) {
    const text = compose(MANNERS[manner], question, manner);
    const words = countWords(text);
    if (words < RAMBLING_WORDS[0] || words > RAMBLING_WORDS[1]) continue;
    return { text, hasPoint: MANNERS[manner].includes("direct") };
  }
  throw new Error(`no manner of rambling has ${RAMBLING_WORDS.join(" to ")} words for: ${question.prompt}`);
}
