import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryStorage, remember, type Storage } from 'espalier/automation';
import { openJournal, readJournal } from 'espalier/automation/node';
import { EspalierError, FormatError, OptionError } from 'espalier/base';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'espalier-journal-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A storage and the same one opened again. */
const kinds: Record<string, (t: TestContext) => Promise<{ storage: Storage; again: () => Promise<Storage> }>> = {
  memory: async () => {
    const storage = memoryStorage();
    return { storage, again: async () => memoryStorage(storage.records()) };
  },
  journal: async (t) => {
    const path = join(await folder(t), 'journal.jsonl');
    return { storage: await openJournal(path), again: () => openJournal(path) };
  },
};

for (const [name, make] of Object.entries(kinds)) {
  test(`${name}: gives back what was recorded, in order, also when opened again`, async (t) => {
    const { storage, again } = await make(t);
    const data = [{ text: 'é\n"\u2028', list: [1, 0.1, -2.5e-300, null, true], nested: { deep: {} } }, null, 'text', 3, []];
    await Promise.all(data.map((item, i) => storage.record(`kind ${i}`, item)));
    await storage.record('last', { left: undefined, kept: 1 });
    const expected = [...data.map((item, i) => ({ kind: `kind ${i}`, data: item })), { kind: 'last', data: { kept: 1 } }];
    assert.deepEqual(storage.records(), expected);
    await storage.close();
    const opened = await again();
    assert.deepEqual(opened.records(), expected);
    await opened.record('more', 1);
    assert.equal(opened.records().length, expected.length + 1);
    await opened.close();
  });

  test(`${name}: keeps copies, and refuses what JSON would lose`, async (t) => {
    const { storage } = await make(t);
    const data = { list: [1] };
    await storage.record('copy', data);
    data.list.push(2);
    assert.deepEqual(storage.records()[0].data, { list: [1] });
    const cyclic: { self?: object } = {};
    cyclic.self = cyclic;
    for (const bad of [Number.NaN, Infinity, undefined, () => 1, new Map(), [undefined], { deep: { bad: -Infinity } }, cyclic, 1n]) {
      await assert.rejects(storage.record('bad', bad), OptionError);
    }
    assert.equal(storage.records().length, 1);
    await storage.close();
  });

  test(`${name}: closed twice is fine, recording after that is not`, async (t) => {
    const { storage } = await make(t);
    await storage.close();
    await storage.close();
    await assert.rejects(storage.record('late', 1), EspalierError);
  });

  test(`${name}: a remembered step is done once`, async (t) => {
    const { storage, again } = await make(t);
    let count = 0;
    const work = async (): Promise<{ count: number }> => ({ count: ++count });
    await assert.rejects(
      remember(storage, 'step', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(await remember(storage, 'step', work), { count: 1 });
    assert.deepEqual(await remember(storage, 'step', work), { count: 1 });
    assert.deepEqual(await remember(storage, 'other', work), { count: 2 });
    await storage.close();
    const opened = await again();
    assert.deepEqual(await remember(opened, 'step', work), { count: 1 });
    await opened.close();
  });
}

/** A journal of three records, as bytes. */
async function sample(path: string): Promise<Buffer> {
  const storage = await openJournal(path);
  for (const text of ['one', 'zwölf', 'drei']) await storage.record('word', { text });
  await storage.close();
  return readFile(path);
}

test('cut off at any byte, a journal keeps every whole record and goes on', async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  const bytes = await sample(path);
  const ends = [...bytes.keys()].filter((i) => bytes[i] === 0x0a);
  for (let length = 0; length <= bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length));
    // A record is whole with its last byte, its line end may be missing.
    const whole = ends.filter((end) => end <= length).length;
    assert.equal((await readJournal(path)).length, whole);
    assert.equal((await readFile(path)).length, length, 'looking changes nothing');
    const storage = await openJournal(path);
    assert.equal(storage.records().length, whole);
    await storage.record('word', { text: 'after' });
    await storage.close();
    assert.deepEqual((await readJournal(path)).at(-1), { kind: 'word', data: { text: 'after' } });
    assert.equal((await readJournal(path)).length, whole + 1);
  }
});

test('what was cut off is said', async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  const bytes = await sample(path);
  await truncate(path, bytes.length - 5);
  const said: string[] = [];
  await (await openJournal(path, { onMessage: ({ text }) => said.push(text) })).close();
  assert.equal(said.length, 1);
  assert.match(said[0], /cut off/);
});

test('damage before the end is refused with its line, and the file is left alone', async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  const bytes = await sample(path);
  const damaged = Buffer.from(bytes);
  damaged[bytes.indexOf('zw')] ^= 1;
  await writeFile(path, damaged);
  const isRight = (error: unknown): boolean => error instanceof FormatError && error.where === `${path}, line 2`;
  await assert.rejects(openJournal(path), isRight);
  await assert.rejects(readJournal(path), isRight);
  assert.deepEqual(await readFile(path), damaged);
  assert.deepEqual(await readdir(join(path, '..')), ['journal.jsonl'], 'no lock is left behind');
});

test('a file that is no journal is refused and left alone', async (t) => {
  const path = join(await folder(t), 'notes.txt');
  for (const text of ['hello', '{"a":1}\n{"b":2}\n', '\n', `{"crc32":"00000000","record":{}}\n`]) {
    await writeFile(path, text);
    await assert.rejects(openJournal(path), FormatError, text);
    assert.equal(await readFile(path, 'utf8'), text);
  }
});

test('a folder, and a file in no folder, give clear errors', async (t) => {
  const path = await folder(t);
  await assert.rejects(openJournal(path), /folder/);
  await assert.rejects(openJournal(join(path, 'none', 'journal.jsonl')), /no such file or folder/);
  await assert.rejects(readJournal(join(path, 'none.jsonl')), /no such file or folder/);
});

test('one journal is opened once at a time', async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  const storage = await openJournal(path);
  await assert.rejects(openJournal(path), /in use by process/);
  await readJournal(path);
  await storage.close();
  await (await openJournal(path)).close();
  assert.deepEqual(await readdir(join(path, '..')), ['journal.jsonl']);
});

test('the lock of a dead process is stale, that of another machine is not', async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const lockOf = (facts: object): Promise<void> =>
    writeFile(`${path}.lock`, JSON.stringify({ host: hostname(), born: null, token: 'x', ...facts }));
  await lockOf({ pid: child.pid });
  await (await openJournal(path)).close();
  await lockOf({ pid: 1, host: 'elsewhere.example' });
  await assert.rejects(openJournal(path), /elsewhere\.example/);
  await lockOf({ pid: process.pid });
  await assert.rejects(openJournal(path), /in use/);
  await writeFile(`${path}.lock`, 'not JSON');
  await assert.rejects(openJournal(path), /lock file cannot be read/);
});

test('a process with the same number as a dead owner does not hold its lock', { skip: process.platform !== 'linux' }, async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  await writeFile(`${path}.lock`, JSON.stringify({ pid: process.pid, host: hostname(), born: 'an earlier boot/1', token: 'x' }));
  await (await openJournal(path)).close();
});

test('of many that open a journal with a stale lock at once, one gets it', { skip: process.platform !== 'linux' }, async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  for (let round = 0; round < 20; round++) {
    await writeFile(`${path}.lock`, JSON.stringify({ pid: process.pid, host: hostname(), born: 'an earlier boot/1', token: 'x' }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal(path)));
    const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(opened.length, 1);
    for (const storage of opened) await storage.close();
    assert.deepEqual(await readdir(join(path, '..')), ['journal.jsonl']);
  }
});

test('bytes added by someone else after the end are not taken for records', async (t) => {
  const path = join(await folder(t), 'journal.jsonl');
  await sample(path);
  await appendFile(path, 'garbage\n');
  assert.equal((await readJournal(path)).length, 3);
});
