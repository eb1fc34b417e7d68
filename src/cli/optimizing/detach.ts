import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EspalierError } from '../../base/index.js';
import { makeFolder } from '../../base/node/index.js';
import { hasBegun } from '../../strategies/node/index.js';
import type { CommandContext } from '../context.js';

const PROGRAM = fileURLToPath(new URL('../../../bin/espalier.js', import.meta.url));
/** Where in the run's folder what it says goes. */
const LOG = 'optimize.log';
/** Milliseconds between looks whether the run has begun. */
const LOOK = 100;
/** Characters of the log that are shown of a run that did not begin. */
const SHOWN = 2000;

/**
 * Starts this very command in a process of its own, in a session of its own, and waits until its run has begun. Its log is for people, whatever this command prints.
 * @throws EspalierError with what it said, where it ended before.
 */
export async function runDetached(folder: string, context: CommandContext): Promise<void> {
  makeFolder(folder);
  const log = join(folder, LOG);
  const file = openSync(log, 'a');
  const args = [...process.argv.slice(2).filter((each) => each !== '--detach' && each !== '--json'), '--no-detach'];
  const since = Date.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], { detached: true, stdio: ['ignore', file, file] });
  closeSync(file);
  let ended: number | undefined;
  child.once('error', () => {
    ended = 1;
  });
  child.once('exit', (code) => {
    ended = code ?? 1;
  });
  while (ended === undefined && !hasBegun(folder, since)) await setTimeout(LOOK);
  if (ended)
    throw new EspalierError({
      what: `The run ended before it had begun, with code ${ended}`,
      where: log,
      got: readFileSync(log, 'utf8').slice(-SHOWN).trim(),
    });
  child.unref();
  const text = [
    `The run goes on in process ${child.pid}; what it says is in ${log}.`,
    `Follow it:  espalier watch ${folder}`,
    `Steer it:   espalier steer ${folder} pause`,
  ];
  context.output.result({ folder, log, pid: child.pid }, text.join('\n'));
}
