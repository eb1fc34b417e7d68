import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Activity, EspalierError } from '../../base/index.js';
import { fileError, syncFolder } from '../../base/node/index.js';
import { asJson } from '../json.js';
import type { JournalRecord, Storage } from '../storages/index.js';
import { parseJournal, toLine } from './lines.js';
import { isLocked, takeLock } from './lock.js';

/**
 * Opens the journal in a file, or begins one: a line of JSON per record, with a checksum, flushed to the disk before `record` resolves.
 * The torn last line of a process that was killed is removed (and said in a message). `path.lock` keeps other processes out.
 * @throws EspalierError when another process has it open or the file cannot be opened; FormatError when it is damaged or no journal.
 */
export async function openJournal(path: string, { onMessage }: Activity = {}): Promise<Storage> {
  const release = await takeLock(`${path}.lock`).catch((cause) => {
    throw cause instanceof EspalierError ? cause : fileError('The journal cannot be opened', path, cause);
  });
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'a+');
    const bytes = await file.readFile();
    const { records, goodBytes, lacksLineEnd } = parseJournal(bytes, path);
    if (goodBytes < bytes.length) {
      onMessage?.({ level: 'info', text: `${path}: the last write was cut off; ${bytes.length - goodBytes} bytes of it were removed.` });
      await file.truncate(goodBytes);
    }
    if (lacksLineEnd) await file.appendFile('\n');
    await file.sync();
    if (bytes.length === 0) await syncFolder(dirname(path));
    return new Journal(path, file, goodBytes + (lacksLineEnd ? 1 : 0), records, release);
  } catch (cause) {
    await file?.close();
    await release();
    throw cause instanceof EspalierError ? cause : fileError('The journal cannot be opened', path, cause);
  }
}

/**
 * The records of a journal, for looking only: needs no lock, and leaves the file as it is.
 * @throws EspalierError when it cannot be read; FormatError when it is damaged or no journal.
 */
export async function readJournal(path: string): Promise<readonly JournalRecord[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw fileError('The journal cannot be read', path, cause);
  }
  return parseJournal(bytes, path).records;
}

/** Whether a process has a journal open, for all that this machine can tell. Never waits for it. */
export function isJournalOpen(path: string): Promise<boolean> {
  return isLocked(`${path}.lock`);
}

class Journal implements Storage {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #release: () => Promise<void>;
  readonly #records: JournalRecord[];
  #goodBytes: number;
  #waiting: string[] = [];
  /** The write that will take what is waiting; one write and one flush serve all records that wait. */
  #nextWrite: Promise<void> | undefined;
  #lastWrite: Promise<void> = Promise.resolve();
  #broken: unknown;
  #closed: Promise<void> | undefined;

  constructor(path: string, file: FileHandle, goodBytes: number, records: JournalRecord[], release: () => Promise<void>) {
    this.#path = path;
    this.#file = file;
    this.#goodBytes = goodBytes;
    this.#records = records;
    this.#release = release;
  }

  records(): readonly JournalRecord[] {
    return this.#records;
  }

  async record(kind: string, data: unknown): Promise<void> {
    if (this.#closed) throw new EspalierError({ what: 'The journal is closed', where: this.#path });
    if (this.#broken !== undefined) throw this.#broken;
    const record = { kind, data: asJson(data, `record "${kind}"`) };
    this.#waiting.push(toLine(record));
    this.#records.push(record);
    if (!this.#nextWrite) {
      this.#nextWrite = this.#lastWrite.then(() => this.#write());
      this.#lastWrite = this.#nextWrite.catch(() => undefined);
    }
    await this.#nextWrite;
  }

  close(): Promise<void> {
    this.#closed ??= this.#lastWrite.then(async () => {
      await this.#file.close();
      await this.#release();
    });
    return this.#closed;
  }

  async #write(): Promise<void> {
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#nextWrite = undefined;
    if (this.#broken !== undefined) throw this.#broken;
    try {
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
      this.#goodBytes += bytes.length;
    } catch (cause) {
      this.#broken = fileError('The journal cannot be written', this.#path, cause);
      // Half a line in the middle would make the file unreadable; where even this fails, the next opening removes the torn end.
      await this.#file.truncate(this.#goodBytes).catch(() => undefined);
      throw this.#broken;
    }
  }
}
