import { OptionError } from '../base/index.js';
import { asJson } from './json.js';
import { resultsOf, type StudyResults } from './results.js';
import { Runner, type StudyEnd } from './runner.js';
import { checkSameStudy, type StudyOptions, settingsOf } from './settings.js';
import { kinds, type StudyHeader, StudyState } from './state.js';
import type { JournalRecord, Storage } from './storages/index.js';

/** A search in progress. */
export interface Study extends StudyResults {
  readonly header: StudyHeader;
  readonly storage: Storage;
  /**
   * Goes on until `maxTrials`, the budget or the end of the space. What an earlier run finished is kept; trials that it began are run
   * again with the same number, point and seed.
   * @throws Stopped when aborted, once the running objectives have ended; their trials stay 'running'. EspalierError when too many trials
   *   fail, or the journal cannot be written.
   */
  run(): Promise<StudyEnd>;
}

/**
 * Opens a study: a new one, or the one that the storage holds under this name.
 * @throws OptionError for bad options, and where they differ from those that the journal was begun with; FormatError for a journal that
 *   contradicts itself.
 */
export async function createStudy(options: StudyOptions): Promise<Study> {
  const settings = settingsOf(options);
  const { header, storage, space } = settings;
  const state = new StudyState(header.study, storage.records());
  if (state.header) {
    checkSameStudy(header, state.header);
    for (const trial of state.trials) space.check(trial.point);
  } else {
    await storage.record(kinds.header, header);
    state.apply({ kind: kinds.header, data: asJson(header, 'header') });
  }
  const runner = new Runner(settings, state);
  const results = resultsOf(header.directions, () => state.trials);
  return Object.assign(results, { header, storage, run: () => runner.run() });
}

/** Opens a study and runs it; see `createStudy` and `Study.run`. */
export async function runStudy(options: StudyOptions): Promise<Study> {
  const study = await createStudy(options);
  await study.run();
  return study;
}

/**
 * What a journal says of a study, without running it.
 * @throws OptionError when the journal holds no study of this name; FormatError when it contradicts itself.
 */
export function readStudy(records: readonly JournalRecord[], name = 'study'): StudyResults & { readonly header: StudyHeader } {
  const state = new StudyState(name, records);
  if (!state.header) throw new OptionError({ what: `The journal holds no study named "${name}"`, where: 'name' });
  return Object.assign(
    resultsOf(state.header.directions, () => state.trials),
    { header: state.header },
  );
}
