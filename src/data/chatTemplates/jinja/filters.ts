/** @file Jinja's filters by name: jinja2/filters.py, with transformers' tojson. */
import { bind, type Parameter } from "../python/bind.ts";
import { unsupported } from "../python/fault.ts";
import { dumps } from "../python/json.ts";
import type { Value } from "../python/values.ts";
import type { Environment, Filter } from "./environment.ts";
import * as html from "./htmlFilters.ts";
import * as items from "./itemFilters.ts";
import * as numbers from "./numberFilters.ts";
import { pprint } from "./pprint.ts";
import * as sequences from "./sequenceFilters.ts";
import * as texts from "./textFilters.ts";

type Body = (value: Value, args: Value[], environment: Environment) => Value;

/** A filter with these parameters besides the value. */
const filter =
  (name: string, parameters: readonly Parameter[], body: Body): Filter =>
  (value, given, environment) =>
    body(value, bind(name, parameters, given), environment);

const refused =
  (what: string): Filter =>
  () => {
    throw unsupported(what);
  };

const NO_ATTRIBUTE: Parameter = ["attribute", null];
const CASE: Parameter = ["case_sensitive", false];

const JSON_PARAMETERS: readonly Parameter[] = [
  ["ensure_ascii", false],
  ["indent", null],
  ["separators", null],
  ["sort_keys", false],
];

const length = filter("len", [], (value) => numbers.length(value));
const DEFAULTS: readonly Parameter[] = [
  ["default_value", ""],
  ["boolean", false],
];
const standard = filter("do_default", DEFAULTS, items.standard);
const escapeFilter = filter("escape", [], (value) => html.escaped(value));

/** By name. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  abs: filter("abs", [], numbers.abs),
  attr: filter("do_attr", ["name"], items.attr),
  batch: filter("do_batch", ["linecount", ["fill_with", null]], sequences.batch),
  capitalize: filter("do_capitalize", [], (value) => texts.method(value, "capitalize")),
  center: filter("do_center", [["width", 80n]], (value, args) => texts.method(value, "center", args)),
  count: length,
  d: standard,
  default: standard,
  dictsort: filter("do_dictsort", [CASE, ["by", "key"], ["reverse", false]], items.dictsort),
  e: escapeFilter,
  escape: escapeFilter,
  filesizeformat: filter("do_filesizeformat", [["binary", false]], numbers.fileSize),
  first: filter("do_first", [], items.first),
  float: filter("do_float", [["default", 0]], numbers.float),
  forceescape: filter("do_forceescape", [], html.forceEscape),
  format: texts.format,
  groupby: filter("do_groupby", ["attribute", ["default", null], CASE], sequences.groupBy),
  indent: filter(
    "do_indent",
    [
      ["width", 4n],
      ["first", false],
      ["blank", false],
    ],
    texts.indent,
  ),
  int: filter(
    "do_int",
    [
      ["default", 0n],
      ["base", 10n],
    ],
    numbers.int,
  ),
  join: filter("do_join", [["d", ""], NO_ATTRIBUTE], items.join),
  last: filter("do_last", [], items.last),
  length,
  list: filter("do_list", [], items.list),
  lower: filter("do_lower", [], (value) => texts.method(value, "lower")),
  items: filter("do_items", [], items.items),
  map: sequences.map,
  min: filter("do_min", [CASE, NO_ATTRIBUTE], (value, args) => sequences.extreme(value, args, "<")),
  max: filter("do_max", [CASE, NO_ATTRIBUTE], (value, args) => sequences.extreme(value, args, ">")),
  pprint: filter("do_pprint", [], pprint),
  random: refused("the filter random"),
  reject: sequences.select({ keeps: false, byAttribute: false, name: "sync_do_reject" }),
  rejectattr: sequences.select({ keeps: false, byAttribute: true, name: "sync_do_rejectattr" }),
  replace: filter("do_replace", ["old", "new", ["count", null]], texts.replace),
  reverse: filter("do_reverse", [], items.reverse),
  round: filter(
    "do_round",
    [
      ["precision", 0n],
      ["method", "common"],
    ],
    numbers.round,
  ),
  safe: filter("do_mark_safe", [], html.safe),
  select: sequences.select({ keeps: true, byAttribute: false, name: "sync_do_select" }),
  selectattr: sequences.select({ keeps: true, byAttribute: true, name: "sync_do_selectattr" }),
  slice: filter("do_slice", ["slices", ["fill_with", null]], sequences.slice),
  sort: filter("do_sort", [["reverse", false], CASE, NO_ATTRIBUTE], sequences.sort),
  string: filter("soft_str", [], texts.soft),
  striptags: filter("do_striptags", [], html.stripped),
  sum: filter("do_sum", [NO_ATTRIBUTE, ["start", 0n]], sequences.sum),
  title: filter("do_title", [], texts.title),
  trim: filter("do_trim", [["chars", null]], (value, args) => texts.method(value, "strip", args)),
  truncate: filter(
    "do_truncate",
    [
      ["length", 255n],
      ["killwords", false],
      ["end", "..."],
      ["leeway", null],
    ],
    texts.truncate,
  ),
  unique: filter("do_unique", [CASE, NO_ATTRIBUTE], sequences.unique),
  upper: filter("do_upper", [], (value) => texts.method(value, "upper")),
  urlencode: filter("do_urlencode", [], html.urlEncode),
  urlize: filter(
    "do_urlize",
    [
      ["trim_url_limit", null],
      ["nofollow", false],
      ["target", null],
      ["rel", null],
      ["extra_schemes", null],
    ],
    html.urlizeFilter,
  ),
  wordcount: filter("do_wordcount", [], texts.wordCount),
  wordwrap: filter(
    "do_wordwrap",
    [
      ["width", 79n],
      ["break_long_words", true],
      ["wrapstring", null],
      ["break_on_hyphens", true],
    ],
    texts.wordWrap,
  ),
  xmlattr: filter("do_xmlattr", [["autospace", true]], html.xmlAttributes),
  tojson: filter("tojson", JSON_PARAMETERS, (value, [ensureAscii, indent, separators, sortKeys]) =>
    dumps(value, { ensureAscii, indent, separators, sortKeys }),
  ),
};

/** Filters that are refused by name, with the reason. */
export const REFUSED_FILTERS: Readonly<Record<string, string>> = {
  random: "a template must write the same text each time",
};
