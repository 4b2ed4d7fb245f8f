/** @file The page where answers are judged: a prompt, two answers side by side, one key per verdict. */
import { render } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Answer, Rendered } from "./answer.tsx";
import * as api from "./api.ts";
import { Asking } from "./asking.tsx";
import { Help, More, Verdicts } from "./controls.tsx";
import { actionOf } from "./keys.ts";
import { Summary } from "./summary.tsx";

/** The task that this tab shows stays over a reload. */
const SHOWN = "shown task";
type Edit = { side: "left" | "right"; text: string };

const append = (before: api.Part, more: api.Part): api.Part => ({ ...more, text: before.text + more.text });

function App() {
  const [facts, setFacts] = useState<api.Facts>();
  const [progress, setProgress] = useState<api.Progress>();
  const [task, setTask] = useState<api.Task | null>();
  /** Counts what `show` has shown: answers are watched anew, also those that are tried again. */
  const [round, setRound] = useState(0);
  const [edit, setEdit] = useState<Edit>();
  const [strength, setStrength] = useState<number | null>(null);
  const [note, setNote] = useState("");
  const [view, setView] = useState<"judge" | "summary" | "ask">("judge");
  const [hasHelp, setHelp] = useState(false);
  const [status, setStatus] = useState("");
  const [error, setError] = useState("");
  const [history, setHistory] = useState<api.Message[]>([]);
  const shownAt = useRef(0);
  const isBusy = useRef(false);

  const fail = useCallback((cause: unknown) => setError(cause instanceof Error ? cause.message : String(cause)), []);
  const show = useCallback((next: api.Task | null) => {
    if (next) sessionStorage.setItem(SHOWN, next.id);
    else sessionStorage.removeItem(SHOWN);
    setTask(next);
    setRound((now) => now + 1);
    setEdit(undefined);
    setStrength(null);
    setNote("");
    shownAt.current = performance.now();
    if (next === null) setView("summary");
  }, []);
  /** One request at a time: a key that is pressed twice judges once. */
  const once = useCallback(async (work: () => Promise<void>) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setError("");
    await work().catch(fail);
    isBusy.current = false;
  }, []);
  const goOn = useCallback(async (shown?: string) => {
    const reply = await api.nextTask(shown);
    setProgress(reply.progress);
    show(reply.task);
  }, []);

  useEffect(() => {
    void once(async () => {
      const given = await api.getFacts();
      setFacts(given);
      document.title = `${given.title}: prefine collect`;
      await goOn(sessionStorage.getItem(SHOWN) ?? undefined);
    });
  }, []);

  useEffect(() => {
    if (!task) return undefined;
    return api.watchAnswers(task, (parts) =>
      setTask((now) =>
        now?.id === task.id
          ? { ...now, left: append(now.left, parts.left), right: append(now.right, parts.right) }
          : now,
      ),
    );
  }, [round]);

  const judge = (verdict: api.Verdict, edited: string | null = null) =>
    once(async () => {
      if (!task || view !== "judge") return;
      const isDecided = verdict === "left" || verdict === "right";
      if (isDecided && task[verdict].state === "failed") throw new Error("This answer failed: try again, or skip.");
      const seconds = (performance.now() - shownAt.current) / 1000;
      const said = { strength: isDecided ? strength : null, note, seconds, edit: edited };
      const reply = await api.judge({ id: task.id, verdict, ...said });
      setStatus(reply.saved ? `Saved: ${verdict}.` : `${verdict}: saved when the better answer has ended.`);
      if (facts?.canAsk && facts.isChat && isDecided && Array.isArray(task.prompt)) {
        setHistory([...task.prompt, { role: "assistant", text: edited ?? task[verdict].text }]);
      } else setHistory([]);
      await goOn();
    });
  const undo = () =>
    once(async () => {
      const { undone } = await api.undo(task?.id);
      setStatus(undone ? "Taken back." : "There is nothing to undo.");
      if (!undone) return;
      setView("judge");
      await goOn();
    });
  const ask = (prompt: string | { role: string; content: string }[]) =>
    once(async () => {
      const reply = await api.ask(prompt, task?.id);
      setProgress(reply.progress);
      setView("judge");
      show(reply.task);
    });
  const retry = () =>
    once(async () => {
      if (task) show((await api.retry(task.id)).task);
    });
  const save = () => edit && judge(edit.side, edit.text);
  const startEdit = (side: "left" | "right") => task && setEdit({ side, text: task[side].text });

  const onKey = useRef((_event: KeyboardEvent) => {});
  onKey.current = (event) => {
    const action = actionOf(event);
    if (action === undefined || (view !== "judge" && action !== "undo" && action !== "help")) return;
    event.preventDefault();
    if (action === "undo") void undo();
    else if (action === "help") setHelp((now) => !now);
    else if (action === "note") document.querySelector<HTMLElement>("#note")?.focus();
    else if (action === "ask") facts?.canAsk && setView("ask");
    else if ("edit" in action) startEdit(action.edit);
    else if (!event.repeat) void judge(action.verdict);
  };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey.current(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);

  if (!facts) return <main class="waiting">{error ? <p role="alert">{error}</p> : <p>…</p>}</main>;
  const total = facts.total === null ? "" : ` of ${facts.total}`;
  return (
    <>
      <header class="top">
        <h1>{facts.title}</h1>
        <p class="progress">
          {progress?.judged ?? 0}
          {total} judged, {progress?.pairs ?? 0} pairs{progress?.pending ? `, ${progress.pending} being saved` : ""}
        </p>
        <p class="status" role="status">
          {status}
        </p>
        <nav aria-label="Page">
          <button type="button" onClick={undo}>
            Undo <kbd>U</kbd>
          </button>
          {facts.canAsk && (
            <button type="button" onClick={() => setView("ask")}>
              Ask <kbd>A</kbd>
            </button>
          )}
          <button type="button" onClick={() => setView(view === "summary" && task ? "judge" : "summary")}>
            {view === "summary" && task ? "Back" : "Summary"}
          </button>
          <button type="button" onClick={() => setHelp(!hasHelp)} aria-expanded={hasHelp}>
            Keys <kbd>?</kbd>
          </button>
        </nav>
      </header>
      <main>
        {(error || progress?.problem) && (
          <p class="problem" role="alert">
            {error || progress?.problem}
          </p>
        )}
        {hasHelp && <Help />}
        {view === "ask" && (
          <Asking {...{ isChat: facts.isChat, history, onAsk: ask }} onCancel={() => setView("judge")} />
        )}
        {view === "summary" && <Summary trainCommand={facts.trainCommand} onError={fail} />}
        {view === "judge" && task && (
          <>
            <Prompt prompt={task.prompt} />
            <div class="answers">
              {(["left", "right"] as const).map((side) => (
                <Answer
                  key={`${task.id} ${side}`}
                  side={side}
                  part={task[side]}
                  edit={edit?.side === side ? edit.text : undefined}
                  onEdit={(text) => setEdit(text === undefined ? undefined : { side, text })}
                  onSave={save}
                  onRetry={retry}
                />
              ))}
            </div>
            <Verdicts onVerdict={judge} />
            <More {...{ strength, note, onStrength: setStrength, onNote: setNote }} />
          </>
        )}
      </main>
    </>
  );
}

function Prompt({ prompt }: { prompt: string | api.Message[] }) {
  const messages = typeof prompt === "string" ? [{ role: "prompt", text: prompt }] : prompt;
  return (
    <section class="prompt" aria-label="Prompt">
      {messages.map(({ role, text }, i) => (
        <div class="message" key={`${i} ${role}`}>
          <h2>{role}</h2>
          <Rendered text={text} />
        </div>
      ))}
    </section>
  );
}

render(<App />, document.body);
