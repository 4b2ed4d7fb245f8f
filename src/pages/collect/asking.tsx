/** @file A prompt of one's own: the first of a conversation, or the next turn after a better answer. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Message } from "./api.ts";

interface AskingProps {
  isChat: boolean;
  /** The turns so far, when it goes on. */
  history: Message[];
  onAsk: (prompt: string | { role: string; content: string }[]) => void;
  onCancel: () => void;
}

export function Asking({ isChat, history, onAsk, onCancel }: AskingProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [system, setSystem] = useState("");
  useEffect(() => field.current?.focus(), []);
  const isFirst = history.length === 0;
  const send = () => {
    if (text.trim() === "") return;
    if (!isChat) return onAsk(text);
    const before = isFirst && system.trim() !== "" ? [{ role: "system", content: system }] : [];
    const turns = history.map((message) => ({ role: message.role, content: message.text }));
    onAsk([...before, ...turns, { role: "user", content: text }]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onCancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
  };
  return (
    <section class="asking" aria-label="A prompt of your own">
      <h2>{isFirst ? "A prompt of your own" : "The next turn, after the better answer"}</h2>
      {isChat && isFirst && (
        <label>
          System prompt (optional)
          <textarea
            rows={2}
            dir="auto"
            value={system}
            onInput={({ currentTarget }) => setSystem(currentTarget.value)}
          />
        </label>
      )}
      <label>
        Prompt
        <textarea
          ref={field}
          rows={4}
          dir="auto"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <div class="row">
        <button type="button" class="primary" onClick={send}>
          Ask <kbd>Ctrl+Enter</kbd>
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </section>
  );
}
