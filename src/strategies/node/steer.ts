import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isJournalOpen } from '../../automation/node/index.js';
import { OptionError } from '../../base/index.js';
import { makeFolder, writeFileAtomic } from '../../base/node/index.js';
import { parseSteering, type Steering } from '../results/steering.js';
import { endOf } from './events.js';

/** Milliseconds since 1970 in the name of the last message: they are taken in the order of their names, and two may be left at once. */
let latest = 0;

/**
 * Leaves a message for the run in a folder, which takes it within a second or so: whether it makes sense there, the run itself says.
 * @throws FormatError for what is no message; OptionError where there is no run, nobody is at work in it, or its search is over.
 */
export async function steer(folder: string, message: Steering): Promise<void> {
  const checked = parseSteering(message, 'message');
  const journal = join(folder, 'journal.jsonl');
  if (!existsSync(journal))
    throw new OptionError({ what: 'There is no run here', where: folder, fix: 'Name the folder that optimize --out was given.' });
  const last = endOf(join(folder, 'events.jsonl')).events.findLast(({ kind }) => kind === 'state');
  const state = last?.kind === 'state' ? last.state : undefined;
  if (state === 'complete')
    throw new OptionError({
      what: 'The run is complete',
      where: folder,
      fix: 'The same optimize command with more --trials goes on with it.',
    });
  if (!(await isJournalOpen(journal)))
    throw new OptionError({
      what: 'Nobody is at work in this run',
      where: folder,
      fix: 'The same optimize command goes on with it; then it can be told.',
    });
  if (state === 'settling') throw new OptionError({ what: 'The search of this run is over: its front is being measured', where: folder });
  makeFolder(join(folder, 'steering'));
  latest = Math.max(Date.now(), latest + 1);
  const time = String(latest).padStart(15, '0');
  await writeFileAtomic(join(folder, 'steering', `${time}-${randomBytes(4).toString('hex')}.json`), `${JSON.stringify(checked)}\n`);
}
