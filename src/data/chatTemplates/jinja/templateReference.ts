/** @file `self` in a template: its blocks as functions. */
import { isText, type PyObject, textOf, type Value } from "../python/values.ts";

class BlockReference implements PyObject {
  readonly typeName = "BlockReference";
  readonly call: () => Value;
  constructor(call: () => Value) {
    this.call = call;
  }
  repr(): string {
    return "<jinja2.runtime.BlockReference object at 0x7f0000000000>";
  }
}

export class TemplateReference implements PyObject {
  readonly typeName = "TemplateReference";
  private readonly names: ReadonlyMap<string, unknown>;
  private readonly render: (name: string) => Value;

  constructor(names: ReadonlyMap<string, unknown>, render: (name: string) => Value) {
    this.names = names;
    this.render = render;
  }
  repr(): string {
    return "<TemplateReference None>";
  }
  item(key: Value): Value | undefined {
    const name = isText(key) ? textOf(key) : "";
    return this.names.has(name) ? new BlockReference(() => this.render(name)) : undefined;
  }
}
