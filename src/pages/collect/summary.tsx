/** @file The end: what was collected, how well verdicts agree, and the command that trains on it. */
import { useEffect, useState } from "preact/hooks";
import { getStatistics, type Share, type Statistics } from "./api.ts";

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** `60 % of 30 (42 to 75 %)`. */
function shareText({ n, share, interval }: Share): string {
  if (share === null || interval === null) return "no verdicts yet";
  const [low, high] = interval.map((one) => Math.round(100 * one));
  return `${percent(share)} of ${n} (95 % interval: ${low} to ${high} %)`;
}

const nameOf = (annotator: string | null) => annotator ?? "without a name";

export function Summary({ trainCommand, onError }: { trainCommand: string; onError: (error: unknown) => void }) {
  const [statistics, setStatistics] = useState<Statistics>();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    getStatistics().then(setStatistics, onError);
  }, []);
  if (!statistics) return null;
  const { pairs, verdicts, edits, contested, agreement, self_agreement: self, left, longer } = statistics;
  const copy = () => navigator.clipboard.writeText(trainCommand).then(() => setCopied(true), onError);
  return (
    <section class="summary" aria-labelledby="summary-title">
      <h2 id="summary-title">{pairs === 1 ? "1 pair" : `${pairs} pairs`} to train on</h2>
      <dl>
        {Object.entries(verdicts).map(([verdict, count]) => (
          <div key={verdict}>
            <dt>{verdict}</dt>
            <dd>{count}</dd>
          </div>
        ))}
        <div>
          <dt>edited</dt>
          <dd>{edits}</dd>
        </div>
      </dl>
      <ul>
        <li>The left answer was better: {shareText(left)}. Far from one half, the side decides.</li>
        <li>The longer answer was better: {shareText(longer)}.</li>
        {self.n > 0 && (
          <li>
            Pairs shown twice: {self.equal} of {self.n} with the same verdict.
          </li>
        )}
        {agreement.map(({ annotators, n, kappa, agreement: equal }) => (
          <li key={annotators.join()}>
            {annotators.map(nameOf).join(" and ")}: {equal === null ? "no" : percent(equal)} equal verdicts of {n}
            {kappa === null ? "" : `, Cohen's kappa ${kappa.toFixed(2)}`}.
          </li>
        ))}
        {contested > 0 && <li>Pairs on which annotators are divided: {contested}. They are left out.</li>}
      </ul>
      <p>Train on them:</p>
      <div class="command">
        <code>{trainCommand}</code>
        <button type="button" onClick={copy}>
          {isCopied ? "Copied" : "Copy"}
        </button>
      </div>
    </section>
  );
}
