/** @file The syntax tree of a template, as jinja2/nodes.py has it. */

export interface Keyword {
  key: string;
  value: Expression;
}

/** Arguments of a call, a filter or a test. */
export interface CallArguments {
  args: Expression[];
  kwargs: Keyword[];
  /** `*args` and `**kwargs`. */
  spread: Expression | undefined;
  spreadKeywords: Expression | undefined;
}

export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

export type Expression = { line: number } & (
  | { type: "Const"; value: null | boolean | bigint | number | string }
  | { type: "Name"; name: string }
  | { type: "Tuple" | "List"; items: Expression[] }
  | { type: "Dict"; items: { key: Expression; value: Expression }[] }
  | { type: "Attribute"; of: Expression; name: string }
  | { type: "Item"; of: Expression; key: Expression }
  | { type: "Slice"; of: Expression; start?: Expression; stop?: Expression; step?: Expression }
  | ({ type: "Call"; callee: Expression } & CallArguments)
  /** `of` is undefined in a filter block, which filters its body. */
  | ({ type: "Filter"; of: Expression | undefined; name: string } & CallArguments)
  | ({ type: "Test"; of: Expression; name: string } & CallArguments)
  | { type: "Not" | "Negative" | "Positive"; of: Expression }
  | { type: "Binary"; operator: BinaryOperator; left: Expression; right: Expression }
  | { type: "And" | "Or"; left: Expression; right: Expression }
  | { type: "Concat"; items: Expression[] }
  | { type: "Compare"; first: Expression; rest: { operator: CompareOperator; value: Expression }[] }
  | { type: "Choice"; test: Expression; yes: Expression; no: Expression | undefined }
);

/** What an assignment sets: a name, an attribute of a namespace, or several. */
export type Target =
  | { type: "Name"; name: string }
  | { type: "NamespaceAttribute"; name: string; attribute: string }
  | { type: "Targets"; items: Target[] };

export interface Signature {
  parameters: { name: string; standard: Expression | undefined }[];
}

export type Statement = { line: number } & (
  | { type: "Data"; text: string }
  | { type: "Output"; value: Expression }
  | { type: "If"; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
      type: "For";
      target: Target;
      iterable: Expression;
      test: Expression | undefined;
      isRecursive: boolean;
      body: Statement[];
      otherwise: Statement[];
    }
  | { type: "Set"; target: Target; value: Expression }
  | { type: "SetBlock"; target: Target; filter: Expression | undefined; body: Statement[] }
  | ({ type: "Macro"; name: string; body: Statement[] } & Signature & Special)
  | ({ type: "CallBlock"; call: Expression; body: Statement[] } & Signature & Special)
  | { type: "FilterBlock"; filter: Expression; body: Statement[] }
  | { type: "With"; targets: Target[]; values: Expression[]; body: Statement[] }
  | { type: "Autoescape"; value: Expression; body: Statement[] }
  | { type: "Block"; name: string; isScoped: boolean; isRequired: boolean; body: Statement[] }
  /** transformers' generation tag: its body in a scope of its own. */
  | { type: "Generation"; body: Statement[] }
  | { type: "Break" | "Continue" }
  /** extends, include, import, from: there is no other template to load. */
  | { type: "Loading"; tag: string }
);

/** Names that a macro's body reads, and that its calls then fill. */
export interface Special {
  reads: ReadonlySet<"caller" | "kwargs" | "varargs">;
}

export interface Template {
  body: Statement[];
  blocks: ReadonlyMap<string, Statement & { type: "Block" }>;
  /** Literal text and string constants, separated by NUL. */
  literalText: string;
}
