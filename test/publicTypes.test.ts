/** @file The types of the public API: every optional property that a program can pass accepts `undefined`. */
import ts from "typescript";
import { expect, test } from "vitest";
import { checkout } from "./support/builtPackage.ts";

/** Made by prefine; a program only passes these on. */
const OURS_TO_MAKE = new Set([
  "CausalLMParts", // of CausalLM's constructor
  "Content", // of Dataset's
  "LoadedModel",
  "OpenedRun",
  "SavedAdapter",
  "TokenizerParts", // of Tokenizer's
]);

/** Visits the inputs of all exports, from parameter to property, with `exactOptionalPropertyTypes`. */
class InputWalk {
  /** `NAME.property` of all optional properties. */
  readonly optional: string[] = [];
  /** Those that refuse `undefined`. */
  readonly strict: string[] = [];
  private readonly checker: ts.TypeChecker;
  private readonly seen = new Set<ts.Type>();

  constructor(entry: string) {
    const { config } = ts.readConfigFile(`${checkout}/tsconfig.json`, ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, checkout);
    const program = ts.createProgram([entry], { ...options, exactOptionalPropertyTypes: true });
    this.checker = program.getTypeChecker();
    const module = this.checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.Node) as ts.Symbol;
    for (const symbol of this.checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
      if (target.flags & ts.SymbolFlags.Value) this.visitGiven(this.checker.getTypeOfSymbol(target), symbol.name);
    }
  }

  /** A value that a program gets: visits its calls, its methods, and those of their results. */
  private visitGiven(type: ts.Type, where: string): void {
    if (this.seen.has(type) || OURS_TO_MAKE.has(nameOf(type))) return;
    this.seen.add(type);
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      for (const parameter of signature.getParameters()) {
        this.visitTaken(this.checker.getTypeOfSymbol(parameter), `${where}(${parameter.name})`);
      }
      this.visitGiven(signature.getReturnType(), where);
    }
    for (const part of this.partsOf(type)) this.visitGiven(part, where);
    for (const property of type.getProperties().filter(isOurs)) {
      this.visitGiven(this.checker.getTypeOfSymbol(property), `${where}.${property.name}`);
    }
  }

  /** A value that a program passes. */
  private visitTaken(type: ts.Type, where: string): void {
    const name = nameOf(type);
    if (this.seen.has(type) || OURS_TO_MAKE.has(name)) return;
    this.seen.add(type);
    for (const part of this.partsOf(type)) this.visitTaken(part, where);
    for (const signature of type.getCallSignatures()) this.visitTaken(signature.getReturnType(), where);
    if (type.isClass() || !(type.flags & ts.TypeFlags.Object)) return;
    for (const property of type.getProperties().filter(isOurs)) {
      this.visitProperty(property, /^__|^$/.test(name) ? where : name);
    }
  }

  private visitProperty(property: ts.Symbol, owner: string): void {
    const type = this.checker.getTypeOfSymbol(property);
    const path = `${owner}.${property.name}`;
    if (property.flags & ts.SymbolFlags.Optional) {
      this.optional.push(path);
      const parts = type.isUnion() ? type.types : [type];
      const isAccepted = (part: ts.Type) => part === this.checker.getUndefinedType() || isUnknown(part);
      if (!parts.some(isAccepted)) this.strict.push(path);
    }
    this.visitTaken(type, path);
  }

  /** Members of a union or an intersection, elements of an array, the result of a promise. */
  private partsOf(type: ts.Type): readonly ts.Type[] {
    if (type.isUnionOrIntersection()) return type.types;
    const isReference = ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
    return isReference ? this.checker.getTypeArguments(type as ts.TypeReference) : [];
  }
}

const nameOf = (type: ts.Type) => type.aliasSymbol?.name ?? type.symbol?.name ?? "";
const isUnknown = ({ flags }: ts.Type) => (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0;

/** Not hidden, and not declared by a library. */
function isOurs({ name, declarations = [] }: ts.Symbol): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const isForeign = (file: string) => file.includes("/node_modules/");
  return (
    !name.startsWith("__#") &&
    !declarations.some((each) => (ts.getCombinedModifierFlags(each) & hidden) !== 0) &&
    !declarations.some((each) => isForeign(each.getSourceFile().fileName))
  );
}

test("optional properties in the public API's inputs accept undefined", () => {
  const { optional, strict } = new InputWalk(`${checkout}/src/index.ts`);
  const known = ["TrainOptions.signal", "RunOptions.logger", "LoadDatasetOptions.split", "DPOTrainerOptions.callbacks"];
  expect(optional).toEqual(expect.arrayContaining([...known, "MapOptions.num_proc", "PlotOptions.title"]));
  expect(optional.length).toBeGreaterThan(600); // most are DPOConfig's; options that are not built are not properties
  expect(strict, "add `| undefined` to the types of these").toEqual([]);
});
