/**
 * @file Durations of a parquet file: parquet stores them as integers, and the Arrow schema in its footer (a flatbuffer,
 * Arrow's Schema.fbs) says which columns they are.
 */
import type { FileMetaData } from "hyparquet";

/** Arrow's numbers of its types. */
const SCHEMA = 1;
const DURATION = 18;
const NANOSECONDS = 3;

/** Bounds of a damaged or hostile schema, whose offsets may lead in circles. */
const MOST_FIELDS = 20_000;
const DEEPEST = 100;

/** Per column without children, in order: the name of a duration's type in Python; undefined for other columns. */
export function durationTypes({ key_value_metadata: entries = [] }: FileMetaData): (string | undefined)[] {
  const text = entries.find(({ key }) => key === "ARROW:schema")?.value;
  if (text === undefined) return [];
  try {
    return leafTypes(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    return []; // as Arrow's readers do without it
  }
}

function leafTypes(bytes: Uint8Array): (string | undefined)[] {
  const view = new DataView(bytes.buffer);
  const start = view.getUint32(0, true) === 0xffffffff ? 8 : 4; // the length of the message, after a mark or not
  const message = new Table(view, start + view.getUint32(start, true));
  if (message.byte(1) !== SCHEMA) return [];
  const leaves: (string | undefined)[] = [];
  let fields = 0;
  const visit = (field: Table, depth: number): void => {
    const children = field.tables(5);
    fields += children.length;
    if (fields > MOST_FIELDS || depth > DEEPEST) throw new RangeError("too many fields");
    for (const child of children) visit(child, depth + 1);
    if (children.length === 0) leaves.push(field.byte(2) === DURATION ? durationType(field.table(3)) : undefined);
  };
  for (const field of message.table(2)?.tables(1) ?? []) visit(field, 0);
  return leaves;
}

/** Nanoseconds are pandas' own type, as in datasets. */
const durationType = (type: Table | undefined) => (type?.byte(0) === NANOSECONDS ? "Timedelta" : "timedelta");

/** A table of a flatbuffer: its fields by number, each of which may be absent. */
class Table {
  readonly #view: DataView;
  readonly #place: number;

  constructor(view: DataView, place: number) {
    this.#view = view;
    this.#place = place;
  }

  #field(index: number): number | undefined {
    const fields = this.#place - this.#view.getInt32(this.#place, true);
    const at = 4 + 2 * index;
    const offset = at < this.#view.getUint16(fields, true) ? this.#view.getUint16(fields + at, true) : 0;
    return offset === 0 ? undefined : this.#place + offset;
  }

  #follow(place: number): number {
    return place + this.#view.getUint32(place, true);
  }

  byte(index: number): number | undefined {
    const place = this.#field(index);
    return place === undefined ? undefined : this.#view.getUint8(place);
  }

  table(index: number): Table | undefined {
    const place = this.#field(index);
    return place === undefined ? undefined : new Table(this.#view, this.#follow(place));
  }

  tables(index: number): Table[] {
    const field = this.#field(index);
    if (field === undefined) return [];
    const list = this.#follow(field);
    const count = this.#view.getUint32(list, true);
    if (count > MOST_FIELDS) throw new RangeError("too many fields");
    return Array.from({ length: count }, (_, i) => new Table(this.#view, this.#follow(list + 4 + 4 * i)));
  }
}
