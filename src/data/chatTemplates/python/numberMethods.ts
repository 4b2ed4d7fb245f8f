/** @file Attributes and methods of Python's int, bool and float. */
import { positional } from "./bind.ts";
import { TemplateFault, valueError } from "./fault.ts";
import { bitLength, ratio } from "./numbers.ts";
import { PyFunction, Tuple, type Value } from "./values.ts";

type Attributes<T> = Readonly<Record<string, (self: T) => Value>>;

const method =
  <T>(name: string, of: (self: T) => Value) =>
  (self: T): Value =>
    new PyFunction(
      name,
      (given) => {
        positional(name, given, 0);
        return of(self);
      },
      typeof self === "number" ? "float" : "int",
    );

const INT: Attributes<bigint> = {
  as_integer_ratio: method("as_integer_ratio", (self) => new Tuple([self, 1n])),
  bit_count: method("bit_count", (self) => BigInt((self < 0n ? -self : self).toString(2).replaceAll("0", "").length)),
  bit_length: method("bit_length", (self) => BigInt(bitLength(self))),
  conjugate: method("conjugate", (self) => self),
  denominator: () => 1n,
  imag: () => 0n,
  numerator: (self) => self,
  real: (self) => self,
};

const FLOAT: Attributes<number> = {
  as_integer_ratio: method("as_integer_ratio", (self) => {
    if (Number.isNaN(self)) throw valueError("cannot convert NaN to integer ratio");
    if (!Number.isFinite(self)) {
      throw new TemplateFault("OverflowError", "cannot convert Infinity to integer ratio");
    }
    return new Tuple(ratio(self));
  }),
  conjugate: method("conjugate", (self) => self),
  hex: method("hex", floatHex),
  imag: () => 0,
  is_integer: method("is_integer", (self) => Number.isInteger(self)),
  real: (self) => self,
};

export const NUMBER_ATTRIBUTES = { int: INT, float: FLOAT };

/** Those of bytes, and constructors. */
export const REFUSED_NUMBER_ATTRIBUTES: Readonly<Record<"int" | "float", readonly string[]>> = {
  int: ["from_bytes", "to_bytes"],
  float: ["fromhex"],
};

/** float.hex: 0x1.8p+1. */
function floatHex(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const sign = bits >> 63n ? "-" : "";
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, "0");
  if (exponent === 0 && /^0+$/.test(mantissa)) return `${sign}0x0.0p+0`;
  const power = exponent === 0 ? -1022 : exponent - 1023;
  return `${sign}0x${exponent === 0 ? 0 : 1}.${mantissa}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}
