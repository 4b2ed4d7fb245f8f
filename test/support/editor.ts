/** @file An editor's view of prefine: TypeScript's language service over one program that imports the package. */
import ts from "typescript";
import { checkout } from "./builtPackage.ts";

const PROGRAM = `${checkout}/program.ts`;

export interface Hover {
  /** `(property) DPOConfigInput.beta?: number | undefined`. */
  type: string;
  /** The doc comment without its tags. */
  docs: string;
  /** Tags of the doc comment: `deprecated`. */
  tags: Record<string, string>;
}

/**
 * An editor with one open program. It reads the sources: building the package's declarations first would take a test
 * twice the time. `declared` returns the package's text for the same name.
 */
export class Editor {
  readonly #text: string;
  readonly #service: ts.LanguageService;
  readonly #declarations = new Map<string, string>();

  /** @param text a program that imports "prefine". */
  constructor(text: string) {
    this.#text = text;
    const { config } = ts.readConfigFile(`${checkout}/tsconfig.build.json`, ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, checkout);
    const settings = { ...options, rootDir: checkout, incremental: false, exactOptionalPropertyTypes: true };
    const read = (path: string) => (path === PROGRAM ? text : ts.sys.readFile(path));
    this.#service = ts.createLanguageService({
      getScriptFileNames: () => [PROGRAM],
      getScriptVersion: () => "1",
      getScriptSnapshot: (path) => {
        const content = read(path);
        return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
      },
      getCurrentDirectory: () => checkout,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: (path) => path === PROGRAM || ts.sys.fileExists(path),
      readFile: read,
      getCompilationSettings: () => ({ ...settings, tsBuildInfoFile: undefined }),
    });
  }

  /** Errors underlined by the editor. */
  errors(): string[] {
    const found = [...this.#service.getSyntacticDiagnostics(PROGRAM), ...this.#service.getSemanticDiagnostics(PROGRAM)];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  }

  /** Names struck through by the editor. */
  struckThrough(): string[] {
    return this.#service
      .getSuggestionDiagnostics(PROGRAM)
      .filter(({ reportsDeprecated }) => reportsDeprecated)
      .map(({ start, length }) => this.#text.slice(start, start + length));
  }

  /** Hover text with the cursor on the first `name` after the text `after`. */
  hover(after: string, name: string): Hover {
    const info = this.#service.getQuickInfoAtPosition(PROGRAM, this.#positionOf(after, name));
    const tags = (info?.tags ?? []).map((tag) => [tag.name, ts.displayPartsToString(tag.text)]);
    return {
      type: ts.displayPartsToString(info?.displayParts),
      docs: ts.displayPartsToString(info?.documentation),
      tags: Object.fromEntries(tags),
    };
  }

  /** The built declarations of the file that declares this name. */
  declared(after: string, name: string): string {
    const definitions = this.#service.getDefinitionAtPosition(PROGRAM, this.#positionOf(after, name)) ?? [];
    const { fileName } = definitions.filter((each) => each.fileName !== PROGRAM)[0]; // `{ model }` is a variable, too
    const text =
      this.#declarations.get(fileName) ??
      this.#service.getEmitOutput(fileName, true, true).outputFiles.find((file) => file.name.endsWith(".d.ts"))?.text;
    this.#declarations.set(fileName, text ?? "");
    return text ?? "";
  }

  /** Completions with the cursor after `text`; names that are struck through start with a hyphen. */
  completions(text: string): string[] {
    const at = this.#positionOf(text, "") + text.length;
    const { entries = [] } = this.#service.getCompletionsAtPosition(PROGRAM, at, {}) ?? {};
    return entries.map(({ name, kindModifiers }) => (kindModifiers?.includes("deprecated") ? `-${name}` : name));
  }

  #positionOf(after: string, name: string): number {
    const start = this.#text.indexOf(after);
    const behind = start + after.length;
    const found = name === "" ? 0 : this.#text.slice(behind).search(new RegExp(`\\b${name}\\b`));
    if (start < 0 || found < 0) throw new Error(`the program has no ${name} behind ${after}`);
    return name === "" ? start : behind + found;
  }
}
