/**
 * @file The text of an answer as HTML: Markdown, without anything active. Tags that a model writes are shown as they
 * are, so that they are seen and judged; what is left is sanitized once more.
 */
import DOMPurify from "dompurify";
import { Marked } from "marked";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escaped(text),
    // an image would ask another server for it
    image: ({ href, text }) => `<span>${escaped(`![${text}](${href})`)}</span>`,
  },
});

const ALLOWED_TAGS =
  "a,b,blockquote,br,code,del,em,h1,h2,h3,h4,h5,h6,hr,i,li,ol,p,pre,span,strong,table,tbody,td,th,thead,tr,ul".split(
    ",",
  );
const ALLOWED_ATTR = ["align", "href", "rel", "start", "target"];
const ALLOWED_URI_REGEXP = /^(?:https?|mailto):/i;

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

/** A text with a longer line is no Markdown that someone wrote. */
const LONGEST_LINE = 5_000;

/** Undefined: the text is to be shown as it is. */
export function htmlOf(text: string): string | undefined {
  if (text.split("\n").some((line) => line.length > LONGEST_LINE)) return undefined;
  const html = marked.parse(text, { async: false });
  return DOMPurify.sanitize(html, { ALLOWED_TAGS, ALLOWED_ATTR, ALLOWED_URI_REGEXP });
}
