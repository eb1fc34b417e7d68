/** Words for labels of techniques, so that all say the same things alike. */

/** The text, unless the option has its usual value or was not given. */
export function unless(usual: unknown, value: unknown, text: unknown): string[] {
  return value === undefined || value === usual ? [] : [String(text)];
}

/** A number by three digits: "0.0527". */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A fraction as a percentage: "12.5%". */
export function percent(fraction: number): string {
  return `${short(100 * fraction)}%`;
}
