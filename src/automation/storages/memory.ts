import { EspalierError } from '../../base/index.js';
import { asJson } from '../json.js';
import type { JournalRecord, Storage } from './storage.js';

/** A journal that lives as long as the process; also for the browser. Records given are copied, and come first. */
export function memoryStorage(records: readonly JournalRecord[] = []): Storage {
  const kept: JournalRecord[] = records.map(({ kind, data }) => ({ kind, data: asJson(data, `record "${kind}"`) }));
  let isClosed = false;
  return {
    records: () => kept,
    record: async (kind, data) => {
      if (isClosed) throw new EspalierError({ what: 'The journal is closed', where: `record "${kind}"` });
      kept.push({ kind, data: asJson(data, `record "${kind}"`) });
    },
    close: async () => {
      isClosed = true;
    },
  };
}
