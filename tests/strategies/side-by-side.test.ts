import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sideBySide } from '#dist/strategies/settle/side-by-side.js';

/** Work that is under way until it is let go. */
class Held {
  readonly #ends = new Map<string, { resolve: () => void; reject: (cause: Error) => void }>();
  readonly begun: string[] = [];

  readonly work = (item: string): Promise<void> => {
    this.begun.push(item);
    return new Promise((resolve, reject) => {
      this.#ends.set(item, { resolve, reject });
    });
  };

  get underWay(): string[] {
    return [...this.#ends.keys()];
  }

  /** Ends one, and lets what follows from that begin. */
  async end(item: string, cause?: Error): Promise<void> {
    const end = this.#ends.get(item);
    this.#ends.delete(item);
    if (cause) end?.reject(cause);
    else end?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('models are measured at most so many at a time, in their order, each once', async () => {
  const held = new Held();
  const all = sideBySide(['a', 'b', 'c', 'd', 'e'], 2, held.work);
  assert.deepEqual(held.underWay, ['a', 'b']);
  await held.end('b');
  assert.deepEqual(held.underWay, ['a', 'c']);
  await held.end('a');
  await held.end('c');
  assert.deepEqual(held.underWay, ['d', 'e']);
  await held.end('e');
  await held.end('d');
  await all;
  assert.deepEqual(held.begun, ['a', 'b', 'c', 'd', 'e']);
});

test('with workers all at once; of none there is nothing to do', async () => {
  const held = new Held();
  const all = sideBySide(['a', 'b', 'c'], Number.POSITIVE_INFINITY, held.work);
  assert.deepEqual(held.underWay, ['a', 'b', 'c']);
  for (const item of ['c', 'a', 'b']) await held.end(item);
  await all;
  await sideBySide([], 3, held.work);
  assert.equal(held.begun.length, 3);
});

test('after one that fails none is begun; the first failure is thrown once nothing is under way', async () => {
  const held = new Held();
  let isOver = false;
  const all = sideBySide(['a', 'b', 'c', 'd'], 2, held.work).finally(() => {
    isOver = true;
  });
  const failed = assert.rejects(all, /disk is full/);
  await held.end('a', new Error('the disk is full'));
  assert.deepEqual([held.underWay, isOver], [['b'], false]);
  await held.end('b', new Error('and this as well'));
  await failed;
  assert.deepEqual(held.begun, ['a', 'b']);
});
