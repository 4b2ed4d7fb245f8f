/** @file The checkout for the architecture test: committed files, and what TypeScript files import and define. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));
const NEW = ["--others", "--exclude-standard"];
const BUILT = /(^|\/)(node_modules|dist|coverage|\.git)\//;

/** Paths from the root, with /. @param options.withNew also files that git neither tracks nor ignores. */
export function committedFiles({ withNew }: { withNew: boolean }): string[] {
  if (!existsSync(`${root}/.git`)) return filesOfArchive();
  const options = { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 } as const;
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", ...(withNew ? NEW : [])], options);
  return listed.split("\0").filter((path) => path !== "" && existsSync(`${root}/${path}`));
}

/** For sources from an archive: all files except installed and built ones. */
function filesOfArchive(): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  return paths.filter((path) => !BUILT.test(path));
}

export function readText(path: string): string {
  return readFileSync(`${root}/${path}`, "utf8");
}

export interface BrowserConfig {
  /** Sources that run anywhere, as paths from the root. */
  files: string[];
  /** Sources that need Node: files, and folders that end in /. */
  nodes: string[];
}

/** tsconfig.browser.json: the only list of sources that need Node. */
export function readBrowserConfig(): BrowserConfig {
  const { config, error } = ts.readConfigFile(join(root, "tsconfig.browser.json"), ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, "\n"));
  const { fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const named = (config.exclude as string[]).filter((path) => !path.includes("*"));
  return {
    files: fileNames.map((path) => relative(root, path).replaceAll("\\", "/")),
    nodes: named.map((path) => (ts.sys.directoryExists(join(root, path)) ? `${path}/` : path)),
  };
}

export interface Import {
  /** A path from the root for relative ones (`src/errors.ts`), else the package. */
  target: string;
  /** Whether it is a relative one. */
  isLocal: boolean;
  /** Not present at run time. */
  typeOnly: boolean;
  /** `import()`. */
  dynamic: boolean;
  /** Names imported: `{ rm, mkdir as make }` -> rm, mkdir; empty for `* as`, `export` and import(). */
  names: string[];
}

export interface SourceFunction {
  name: string;
  /** Number of lines from its first word to its last brace, without its comment. */
  lines: number;
}

export interface SourceFile {
  path: string;
  text: string;
  imports: Import[];
  functions: SourceFunction[];
  /** Names of all identifiers except property names: `console`, `fetch`. */
  identifiers: Set<string>;
  /** Calls with a list spread into their arguments, without white space: `Math.max(...lengths)`. */
  spreads: string[];
}

export function parseSource(path: string): SourceFile {
  const text = readText(path);
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const file: SourceFile = { path, text, imports: [], functions: [], identifiers: new Set(), spreads: [] };
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found) file.imports.push(locate(found, path));
    if (isFunction(node)) file.functions.push(describeFunction(node, tree));
    if (ts.isIdentifier(node) && !isPropertyName(node)) file.identifiers.add(node.text);
    if (spreadsList(node)) file.spreads.push(node.getText().replace(/\s+/g, " "));
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return file;
}

/** Spread lists that code writes down in capitals are short. */
function spreadsList(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false;
  const isShort = (list: ts.Expression) => ts.isIdentifier(list) && /^[A-Z_]+$/.test(list.text);
  return node.arguments?.some((argument) => ts.isSpreadElement(argument) && !isShort(argument.expression)) ?? false;
}

function locate(found: Omit<Import, "isLocal">, path: string): Import {
  const isLocal = found.target.startsWith(".");
  return { ...found, isLocal, target: isLocal ? posix.join(posix.dirname(path), found.target) : found.target };
}

function importOf(node: ts.Node): Omit<Import, "isLocal"> | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    if (!node.moduleSpecifier || !ts.isStringLiteral(node.moduleSpecifier)) return undefined;
    return { target: node.moduleSpecifier.text, typeOnly: isTypeOnly(node), dynamic: false, names: namesOf(node) };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { target: node.argument.literal.text, typeOnly: true, dynamic: false, names: [] };
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  const [argument] = node.arguments;
  return ts.isStringLiteral(argument)
    ? { target: argument.text, typeOnly: false, dynamic: true, names: [] }
    : undefined;
}

function namesOf(node: ts.ImportDeclaration | ts.ExportDeclaration): string[] {
  const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : undefined;
  if (!bindings || !ts.isNamedImports(bindings)) return [];
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) {
    const names = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : [];
    return node.isTypeOnly || (names.length > 0 && names.every((name) => name.isTypeOnly));
  }
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
  return !clause.name && names.length > 0 && names.every((name) => name.isTypeOnly);
}

type FunctionNode = ts.FunctionLikeDeclaration & { body: ts.Node };

function isFunction(node: ts.Node): node is FunctionNode {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

function describeFunction(node: FunctionNode, tree: ts.SourceFile): SourceFunction {
  const line = (position: number) => tree.getLineAndCharacterOfPosition(position).line;
  const parent =
    ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent : undefined;
  const name = node.name ?? parent?.name;
  return {
    name: ts.isConstructorDeclaration(node) ? "constructor" : (name?.getText(tree) ?? "anonymous"),
    lines: line(node.getEnd()) - line(node.getStart(tree)) + 1,
  };
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node;
}
