/** @file Formats a float like Python, for texts that must equal Python's: chat templates and model cards. */

/** Python's repr of a float: 1.0, 1e-05, 1e+16. */
export function pythonFloat(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const exponent = value === 0 ? 0 : Number(value.toExponential().split("e")[1]);
  if (exponent < -4 || exponent >= 16) {
    const [digits, power] = value.toExponential().split("e");
    return `${digits}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  const plain = exponent < 0 ? value.toFixed(-exponent + 16).replace(/0+$/, "") : String(value);
  const shortest = exponent < -6 ? plain : String(value);
  return /[.]/.test(shortest) ? shortest : `${shortest}.0`;
}
