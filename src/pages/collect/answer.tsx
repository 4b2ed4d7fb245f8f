/** @file One answer: its text as it is written, or the field where it is edited. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Part } from "./api.ts";
import { htmlOf } from "./render.ts";

/** Characters that are shown at first, and then each time that more are asked for: a browser lays out a few at once. */
const SHOWN = 20_000;

/** Text of a model or a user: Markdown where it is short enough, else as it is. */
export function Rendered({ text }: { text: string }) {
  const [most, setMost] = useState(SHOWN);
  const shown = text.slice(0, most);
  return (
    <>
      <Shown text={shown} />
      {text.length > most && (
        <button type="button" onClick={() => setMost(most + SHOWN)}>
          Show more: {(text.length - most).toLocaleString("en-US")} characters follow
        </button>
      )}
    </>
  );
}

function Shown({ text }: { text: string }) {
  const html = useMemo(() => htmlOf(text), [text]);
  if (html === undefined)
    return (
      <pre class="plain" dir="auto">
        {text}
      </pre>
    );
  // Markdown, escaped and sanitized by htmlOf
  return <div class="markdown" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />;
}

interface AnswerProps {
  side: "left" | "right";
  part: Part;
  /** The text in the field; undefined: it is not being edited. */
  edit: string | undefined;
  onEdit: (text: string | undefined) => void;
  onSave: () => void;
  onRetry: () => void;
}

export function Answer({ side, part, edit, onEdit, onSave, onRetry }: AnswerProps) {
  const title = side === "left" ? "Left answer" : "Right answer";
  const isWriting = part.state === "running";
  return (
    <section class="answer" aria-labelledby={`${side}-title`} aria-busy={isWriting} data-side={side}>
      <header>
        <h2 id={`${side}-title`}>{title}</h2>
        {isWriting && <span class="writing">writing</span>}
        {edit === undefined && part.text !== "" && (
          <button type="button" class="quiet" onClick={() => onEdit(part.text)} aria-label={`Edit the ${side} answer`}>
            Edit <kbd>{side === "left" ? "E" : "R"}</kbd>
          </button>
        )}
      </header>
      {edit === undefined ? <Text part={part} /> : <Editor {...{ side, edit, onEdit, onSave }} />}
      {part.isCut && <p class="empty">Cut here, at the longest answer.</p>}
      {part.problem !== null && (
        <p class="problem" role="alert">
          {part.problem}{" "}
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </section>
  );
}

function Text({ part }: { part: Part }) {
  if (part.text !== "") return <Rendered text={part.text} />;
  return <p class="empty">{part.state === "running" ? "…" : "(an empty answer)"}</p>;
}

interface EditorProps {
  side: "left" | "right";
  edit: string;
  onEdit: (text: string | undefined) => void;
  onSave: () => void;
}

function Editor({ side, edit, onEdit, onSave }: EditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onEdit(undefined);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSave();
  };
  return (
    <div class="editor">
      <textarea
        ref={field}
        aria-label={`The ${side} answer, corrected`}
        dir="auto"
        rows={12}
        value={edit}
        onInput={({ currentTarget }) => onEdit(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div class="row">
        <button type="button" class="primary" onClick={onSave}>
          Save as the better answer
        </button>
        <button type="button" onClick={() => onEdit(undefined)}>
          Cancel
        </button>
      </div>
    </div>
  );
}
