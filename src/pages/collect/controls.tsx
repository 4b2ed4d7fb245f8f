/** @file The buttons of the verdicts, strength and note, and the list of keys. */
import type { Verdict } from "./api.ts";
import { HELP, VERDICT_KEYS } from "./keys.ts";

export function Verdicts({ onVerdict }: { onVerdict: (verdict: Verdict) => void }) {
  return (
    <div class="verdicts" role="toolbar" aria-label="Verdict">
      {VERDICT_KEYS.map(({ verdict, label, more, keys, shown }) => (
        <button
          type="button"
          key={verdict}
          data-verdict={verdict}
          aria-keyshortcuts={keys.join(" ")}
          onClick={() => onVerdict(verdict)}
        >
          {label}
          {more && <span class="more-words"> {more}</span>} <kbd>{shown}</kbd>
        </button>
      ))}
    </div>
  );
}

interface MoreProps {
  strength: number | null;
  note: string;
  onStrength: (strength: number | null) => void;
  onNote: (note: string) => void;
}

const STRENGTHS = ["not said", "a little", "clearly", "by far"];

export function More({ strength, note, onStrength, onNote }: MoreProps) {
  return (
    <div class="more">
      <label>
        Better
        <select value={strength ?? 0} onChange={({ currentTarget }) => onStrength(Number(currentTarget.value) || null)}>
          {STRENGTHS.map((name, value) => (
            <option key={name} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="wide">
        Note
        <input
          id="note"
          dir="auto"
          value={note}
          onInput={({ currentTarget }) => onNote(currentTarget.value)}
          onKeyDown={(event) => (event.key === "Enter" || event.key === "Escape") && event.currentTarget.blur()}
        />
      </label>
    </div>
  );
}

export function Help() {
  return (
    <section class="help" aria-label="Keys">
      <dl>
        {HELP.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
