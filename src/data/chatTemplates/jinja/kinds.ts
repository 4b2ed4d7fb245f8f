/** @file The table of what a template may use, for COMPATIBILITY.md: every name of Jinja's and Python's own tables. */
import { DICT_METHODS, LIST_METHODS, MUTATIONS, TUPLE_METHODS } from "../python/attributes.ts";
import { NUMBER_ATTRIBUTES, REFUSED_NUMBER_ATTRIBUTES } from "../python/numberMethods.ts";
import { REFUSED_STR_METHODS, STR_METHODS } from "../python/strMethods.ts";
import { FILTERS, REFUSED_FILTERS } from "./filters.ts";
import { globals, REFUSED_GLOBALS } from "./globals.ts";
import { RANGE_ATTRIBUTES } from "./objects.ts";
import { TAGS } from "./parser.ts";
import { TESTS } from "./tests.ts";

export interface Kind {
  name: string;
  /** Why it is refused; undefined: as in Python. */
  refusal: string | undefined;
  /** How far it goes, where that is not all of it. */
  note?: string;
}

export interface KindGroup {
  title: string;
  kinds: Kind[];
}

const CHANGES = "changes its object: Jinja's sandbox refuses it too";
const BYTES = "bytes have no place in a template";
const NO_LOADER = "there is no other template to load: an error in transformers too";
const LOADING = new Set(["extends", "from", "import", "include"]);

const NOTES: Readonly<Record<string, string>> = {
  pprint: "of values that fit on one line of 80 columns",
  striptags: "named entities: the 23 most frequent ones",
};

const group = (title: string, names: Iterable<string>, refusals: Readonly<Record<string, string>> = {}): KindGroup => ({
  title,
  kinds: [...new Set([...names, ...Object.keys(refusals)])].sort().map((name) => {
    const kind: Kind = { name, refusal: Object.hasOwn(refusals, name) ? refusals[name] : undefined };
    if (title === "Filters" && Object.hasOwn(NOTES, name)) kind.note = NOTES[name];
    return kind;
  }),
});

const refuseAll = (names: Iterable<string>, reason: string) =>
  Object.fromEntries(Array.from(names, (name) => [name, reason]));

/** By group, in the order of the document. */
export function kindsTable(): KindGroup[] {
  const { list, dict } = MUTATIONS;
  const { int, float } = NUMBER_ATTRIBUTES;
  return [
    group("Tags", [...TAGS, "raw"], refuseAll(LOADING, NO_LOADER)),
    group("Filters", Object.keys(FILTERS), REFUSED_FILTERS),
    group("Tests", Object.keys(TESTS)),
    group("Globals", Object.keys(globals(() => new Date(0))), REFUSED_GLOBALS),
    group("Attributes of str", Object.keys(STR_METHODS), refuseAll(REFUSED_STR_METHODS, BYTES)),
    group("Attributes of list", Object.keys(LIST_METHODS), refuseAll(list, CHANGES)),
    group("Attributes of dict", Object.keys(DICT_METHODS), refuseAll(dict, CHANGES)),
    group("Attributes of tuple", Object.keys(TUPLE_METHODS)),
    group("Attributes of int", Object.keys(int), refuseAll(REFUSED_NUMBER_ATTRIBUTES.int, BYTES)),
    group("Attributes of float", Object.keys(float), { fromhex: "a constructor" }),
    group("Attributes of range", RANGE_ATTRIBUTES),
  ];
}
