/** As much of node:assert/strict as the suites need that also run in a page, where the page's import map puts this in its place. */
const shown = (value: unknown) => (value instanceof Error ? String(value) : JSON.stringify(plain(value)));

/** Values as JSON can tell them apart. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value === undefined) return 'undefined';
  if (ArrayBuffer.isView(value)) return { [value.constructor.name]: [...(value as Uint8Array)].map(plain) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}

function fail(message: string): never {
  throw new Error(message);
}

export function ok(value: unknown, message = 'is not so'): void {
  if (!value) fail(message);
}

export function equal(actual: unknown, expected: unknown, message = 'differs'): void {
  if (!Object.is(actual, expected)) fail(`${message}: ${shown(actual)} instead of ${shown(expected)}`);
}

export function deepEqual(actual: unknown, expected: unknown, message = 'differs'): void {
  if (shown(actual) !== shown(expected)) fail(`${message}: ${shown(actual)} instead of ${shown(expected)}`);
}

export async function rejects(
  promise: Promise<unknown>,
  expected: RegExp | (new (...args: never[]) => Error) | ((error: Error) => boolean),
): Promise<void> {
  const error = await promise.then(
    () => fail('did not reject'),
    (cause: Error) => cause,
  );
  const isClass = (matcher: object): matcher is new () => Error => (matcher as new () => Error).prototype instanceof Error;
  const fits =
    expected instanceof RegExp
      ? expected.test(String(error))
      : isClass(expected)
        ? error instanceof expected
        : (expected as (error: Error) => boolean)(error);
  if (!fits) fail(`rejects otherwise: ${shown(error)}`);
}

export default { ok, equal, deepEqual, rejects };
