import { resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OptionError } from '../../../base/index.js';
import { Exchange, type ExchangeOptions } from './exchange.js';

/** Milliseconds between looks for a run that has just begun, and how often is looked. */
const PAUSE = 500;
const LOOKS = 10;

/**
 * The id under which a studio shows the folder of a run: the one of the ids that it may have where the studio has what was put there.
 * @param input SHA-256 of an input that this run alone has.
 * @throws OptionError where the studio does not show the folder, or does not take the token.
 */
export async function findRun(folder: string, input: string, options: ExchangeOptions): Promise<string> {
  const exchange = new Exchange(options);
  const parts = resolve(folder)
    .split(sep)
    .filter((part) => part !== '');
  const ids = parts.map((_, index) => parts.slice(-1 - index).join('/'));
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(PAUSE);
    for (const id of ids) {
      const path = `/api/runs/${encodeURIComponent(id)}/store/inputs/${input}`;
      if (await exchange.ask({ method: 'HEAD', path }, async () => true)) return id;
    }
  }
  throw new OptionError({
    what: 'The studio does not show the folder of this run',
    where: exchange.address,
    expected: resolve(folder),
    fix: 'Start "espalier studio" in a folder above it, on this machine or one that shares it.',
  });
}

/** Makes sure that a studio answers, and takes the token. @throws StoreRefused where it does not; ResourceError where nothing answers. */
export async function checkStudio(options: ExchangeOptions): Promise<void> {
  await new Exchange({ patience: 0, ...options }).ask({ method: 'GET', path: '/api/session' }, async () => true);
}
