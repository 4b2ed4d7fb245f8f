/** @file Functions that every template has: Jinja's and transformers'. */
import { fromKeys } from "../python/attributes.ts";
import { positional } from "../python/bind.ts";
import { TemplateFault, typeError, unsupported } from "../python/fault.ts";
import { str } from "../python/text.ts";
import { isText, PyFunction, type PyObject, textOf, type Value } from "../python/values.ts";
import { strftime } from "../strftime.ts";
import { makeCycler, makeDict, makeJoiner, makeRange, Namespace, PyClass } from "./objects.ts";

const DICT: PyObject = {
  typeName: "TemplateDict",
  repr: () => "<TemplateDict object at 0x7f0000000000>",
  call: makeDict,
  attribute: (name) => (name === "fromkeys" ? new PyFunction("fromkeys", fromKeys) : undefined),
};

/** By name. @param now the time that strftime_now writes */
export function globals(now: () => Date): Record<string, Value> {
  return {
    range: new PyFunction("safe_range", makeRange),
    dict: DICT,
    lipsum: new PyFunction("generate_lorem_ipsum", () => {
      throw unsupported("the function lipsum");
    }),
    cycler: new PyClass("jinja2.utils.Cycler", makeCycler),
    joiner: new PyClass("jinja2.utils.Joiner", makeJoiner),
    namespace: new PyClass(
      "transformers.utils.chat_template_utils._cached_compile_jinja_template.<locals>.TemplateNamespace",
      (given) => new Namespace(given),
    ),
    raise_exception: new PyFunction("raise_exception", (given) => {
      throw new TemplateFault(
        "TemplateError",
        str(given.kwargs.get("message") ?? positional("raise_exception", given, 1, 1)[0]),
      );
    }),
    strftime_now: new PyFunction("strftime_now", (given) => {
      const format = given.kwargs.get("format") ?? positional("strftime_now", given, 1, 1)[0];
      if (!isText(format)) throw typeError("strftime() argument 1 must be str");
      return strftime(now(), textOf(format));
    }),
  };
}

/** Functions that are refused by name, with the reason. */
export const REFUSED_GLOBALS: Readonly<Record<string, string>> = {
  lipsum: "a template must write the same text each time",
};
