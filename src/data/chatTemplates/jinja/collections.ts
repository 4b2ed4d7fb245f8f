/** @file Parses lists, dicts and arguments, given the parser of their items. */
import type { CallArguments, Expression, Keyword } from "./nodes.ts";
import type { TokenStream } from "./tokenStream.ts";

type Parse = (stream: TokenStream) => Expression;

export function parseList(stream: TokenStream, parse: Parse): Expression {
  const { line } = stream.expect("operator", "[");
  const items: Expression[] = [];
  while (!stream.isOperator("]")) {
    if (items.length > 0) stream.expect("operator", ",");
    if (stream.isOperator("]")) break;
    items.push(parse(stream));
  }
  stream.expect("operator", "]");
  return { type: "List", items, line };
}

export function parseDict(stream: TokenStream, parse: Parse): Expression {
  const { line } = stream.expect("operator", "{");
  const items: { key: Expression; value: Expression }[] = [];
  while (!stream.isOperator("}")) {
    if (items.length > 0) stream.expect("operator", ",");
    if (stream.isOperator("}")) break;
    const key = parse(stream);
    stream.expect("operator", ":");
    items.push({ key, value: parse(stream) });
  }
  stream.expect("operator", "}");
  return { type: "Dict", items, line };
}

export function parseArguments(stream: TokenStream, parse: Parse): CallArguments {
  const { line } = stream.expect("operator", "(");
  const found: CallArguments = { args: [], kwargs: [], spread: undefined, spreadKeywords: undefined };
  const ensure = (holds: boolean) => {
    if (!holds) throw stream.fault("invalid syntax for function call expression", line);
  };
  let needsComma = false;
  while (!stream.isOperator(")")) {
    if (needsComma) stream.expect("operator", ",");
    if (needsComma && stream.isOperator(")")) break;
    if (stream.isOperator("*")) {
      ensure(!found.spread && !found.spreadKeywords);
      stream.next();
      found.spread = parse(stream);
    } else if (stream.isOperator("**")) {
      ensure(!found.spreadKeywords);
      stream.next();
      found.spreadKeywords = parse(stream);
    } else if (stream.current.type === "name" && stream.ahead.type === "operator" && stream.ahead.value === "=") {
      ensure(!found.spreadKeywords);
      found.kwargs.push(parseKeyword(stream, parse, found.kwargs));
    } else {
      ensure(!found.spread && !found.spreadKeywords && found.kwargs.length === 0);
      found.args.push(parse(stream));
    }
    needsComma = true;
  }
  stream.expect("operator", ")");
  return found;
}

function parseKeyword(stream: TokenStream, parse: Parse, before: readonly Keyword[]): Keyword {
  const key = stream.next().value;
  if (before.some((other) => other.key === key)) throw stream.fault(`keyword argument repeated: ${key}`);
  stream.next();
  return { key, value: parse(stream) };
}
