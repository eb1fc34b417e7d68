import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder; compiled tests live in build/tests/support. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A path inside tests/fixtures. */
export function fixture(...parts: string[]): string {
  return join(root, 'tests', 'fixtures', ...parts);
}

/** Whether what takes minutes is tested in full; otherwise some of it is. */
export const testsAll = Boolean(process.env.ESPALIER_TEST_ALL);

/** Real models and data that lie beside a developer's checkout; undefined elsewhere, and the tests that want them say that they skip. */
export function shared(...parts: string[]): string | undefined {
  const path = join(root, '..', 'shared', ...parts);
  return existsSync(path) ? path : undefined;
}

/** The `skip` option of a test that needs a shared path: false when it is there, the reason when it is not. */
export function skipWithout(path: string | undefined, what: string): false | string {
  return path === undefined ? `${what} is not beside this checkout` : false;
}
