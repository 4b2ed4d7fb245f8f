/** @file Requests to the page's own server, and the forms of its replies. */

export type Verdict = "left" | "right" | "tie" | "both good" | "both bad" | "skip";

export interface Part {
  /** New since the last event. */
  text: string;
  state: "running" | "done" | "stopped" | "failed";
  /** It ended where it may not be longer. */
  isCut: boolean;
  problem: string | null;
}

export interface Message {
  role: string;
  text: string;
}

export interface Task {
  id: string;
  prompt: string | Message[];
  left: Part;
  right: Part;
}

export interface Progress {
  judged: number;
  pending: number;
  pairs: number;
  problem: string | null;
}

export interface Facts {
  title: string;
  canAsk: boolean;
  isChat: boolean;
  total: number | null;
  trainCommand: string;
  progress: Progress;
}

export interface Share {
  n: number;
  share: number | null;
  interval: [number, number] | null;
}

export interface Statistics {
  pairs: number;
  verdicts: Record<Verdict, number>;
  edits: number;
  contested: number;
  agreement: { annotators: (string | null)[]; n: number; agreement: number | null; kappa: number | null }[];
  self_agreement: { n: number; equal: number; left_twice: number; right_twice: number };
  left: Share;
  longer: Share;
}

export interface Judgment {
  id: string;
  verdict: Verdict;
  edit: string | null;
  strength: number | null;
  note: string;
  seconds: number;
}

type Reply = { progress: Progress };

async function request<T>(path: string, body?: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  const options = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(path, options).catch(() => {
    throw new Error("The server does not answer. Is prefine collect still running?");
  });
  const reply = (await response.json()) as T & { error?: { message: string } };
  if (!response.ok) throw new Error(reply.error?.message ?? `The server answered ${response.status}.`);
  return reply;
}

export const getFacts = () => request<Facts>("/api/facts");
export const getStatistics = () => request<Statistics & Reply>("/api/statistics");
export const nextTask = (shown: string | undefined) => request<{ task: Task | null } & Reply>("/api/next", { shown });
export const ask = (prompt: string | { role: string; content: string }[], shown: string | undefined) =>
  request<{ task: Task } & Reply>("/api/ask", { prompt, shown });
export const retry = (id: string) => request<{ task: Task } & Reply>("/api/retry", { id });
export const judge = (judgment: Judgment) => request<{ saved: boolean } & Reply>("/api/verdict", judgment);
export const undo = (shown: string | undefined) => request<{ undone: boolean } & Reply>("/api/undo", { shown });

/** Receives what is new of both answers until they have ended. @returns stops it. */
export function watchAnswers(
  { id, left, right }: Task,
  onPart: (parts: { left: Part; right: Part }) => void,
): () => void {
  if (left.state !== "running" && right.state !== "running") return () => {};
  const lengths = { left: left.text.length, right: right.text.length };
  const source = new EventSource(`/api/answers/${id}?left=${lengths.left}&right=${lengths.right}`);
  source.onmessage = ({ data }) => {
    const parts = JSON.parse(data as string) as { left: Part; right: Part };
    onPart(parts);
    if (parts.left.state !== "running" && parts.right.state !== "running") source.close();
  };
  source.onerror = () => source.close(); // a reload asks for the whole answers
  return () => source.close();
}
