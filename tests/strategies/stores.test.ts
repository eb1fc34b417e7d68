import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Message, OptionError, ResourceError } from 'espalier/base';
import { bringInputs, folderStore, httpStore, publishInputs, type Store } from 'espalier/strategies/node';
import { TestStudio, temporaryFolder } from '../studio/support.js';
import { Cutting } from '../support/cutting.js';
import { lastingPort } from '../support/port.js';

const { folder, remove } = temporaryFolder();
const root = join(folder, 'root');
let studio: TestStudio;
before(async () => {
  mkdirSync(join(root, 'run'), { recursive: true });
  writeFileSync(join(root, 'run', 'journal.jsonl'), '');
  studio = await TestStudio.open(root);
});
after(async () => {
  await studio?.close();
  remove();
});

let files = 0;
/** A file of its own, with these bytes. */
function fileOf(contents: Uint8Array | string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, contents);
  return path;
}

const sha256 = (contents: Uint8Array | string) => createHash('sha256').update(contents).digest('hex');
let machines = 0;
/** The studio's store, as another machine sees it. */
function remote(given: { address?: string; token?: string; run?: string; messages?: Message[]; patience?: number } = {}): Store {
  const { address = studio.origin, token = studio.token, run = 'run', messages, patience } = given;
  const activity = { onMessage: (message: Message) => messages?.push(message) };
  return httpStore({ address, token, run, cache: join(folder, `machine-${machines++}`), activity, patience });
}

/** What every store keeps to. @param open the store of a run, as one more machine sees it. @param name of a run that the tests have for themselves. */
function contract(open: () => Store): void {
  let stages = 0;
  const stage = () => `prune-quantize-${(stages++).toString(16).padStart(12, '0')}`;

  test('what is published is there whole under its name, for everyone, and nothing else is', async () => {
    const name = `models/${stage()}.onnx`;
    const contents = randomBytes(3_000_000);
    const own = fileOf(contents);
    const one = open();
    assert.deepEqual([await one.look(name), await one.fetch(name)], [undefined, undefined]);
    const facts = { bytes: contents.length, sha256: sha256(contents) };
    assert.deepEqual(await one.publish(name, own), { ...facts, isOwn: true });
    for (const each of [one, open()]) {
      assert.deepEqual(await each.look(name), facts);
      assert.deepEqual(readFileSync((await each.fetch(name)) as string), contents);
    }
    assert.ok(existsSync(own), 'the file stays where it was');
  });

  test('the first writer wins: the same again is no error, another is told what is there', async () => {
    const name = `models/${stage()}.onnx`;
    const first = fileOf('first');
    await open().publish(name, first);
    assert.equal((await open().publish(name, fileOf('first'))).isOwn, true);
    assert.deepEqual(await open().publish(name, fileOf('second')), { bytes: 5, sha256: sha256('first'), isOwn: false });
    const other = open();
    assert.deepEqual(await other.publish(name, fileOf('third'), { replace: true }), { bytes: 5, sha256: sha256('third'), isOwn: true });
    assert.equal(readFileSync((await open().fetch(name)) as string, 'utf8'), 'third');
  });

  test('of many that write at once one wins, and all are told of the same', async () => {
    const name = `models/${stage()}.onnx.0123456789ab.data`;
    const all = Array.from({ length: 8 }, (_, i) => randomBytes(200_000 + i));
    const told = await Promise.all(all.map((contents) => open().publish(name, fileOf(contents))));
    assert.equal(new Set(told.map((each) => each.sha256)).size, 1);
    assert.equal(told.filter(({ isOwn }) => isOwn).length, 1);
    const winner = all[told.findIndex(({ isOwn }) => isOwn)];
    assert.deepEqual(readFileSync((await open().fetch(name)) as string), winner);
  });

  test('checkpoints come and go; what was fetched before is fetched anew', async () => {
    const id = stage();
    const name = `work/${id}/train.checkpoint`;
    const other = open();
    for (const epoch of ['epoch 1', 'epoch 2']) {
      await open().publish(name, fileOf(epoch), { replace: true });
      assert.equal(readFileSync((await other.fetch(name)) as string, 'utf8'), epoch);
    }
    const last = open();
    await last.forget(id);
    await last.forget(id);
    assert.equal(await open().look(name), undefined);
  });

  test('only artefacts have names', async () => {
    const odd = [
      '',
      '..',
      '../x',
      'models/../../x.onnx',
      'models/x',
      'models/.x.onnx',
      'models/a/b.onnx',
      '/etc/passwd',
      'front.json',
      'journal.jsonl',
    ];
    const more = [
      'work/x',
      'work/../x.checkpoint',
      'work/a/../b.checkpoint',
      'inputs/x',
      'models/x.onnx.data',
      'models\\x.onnx',
      'models/x%2f.onnx',
    ];
    for (const name of [...odd, ...more]) {
      const store = open();
      await assert.rejects(async () => store.look(name), OptionError, name);
      await assert.rejects(async () => store.publish(name, fileOf('x')), OptionError, name);
    }
  });

  test('what a run was given comes to another machine: files and folders, each once, under the names that they had', async () => {
    const data = join(folder, `data-${files++}`);
    mkdirSync(join(data, 'cats', 'small'), { recursive: true });
    for (const path of ['cats/1.png', 'cats/small/2.png']) writeFileSync(join(data, path), path);
    writeFileSync(join(data, '.hidden'), 'x');
    const labels = fileOf('labels');
    const list = await publishInputs(open(), data, [data, labels], join(folder, 'drafts'));
    const place = join(folder, `place-${files++}`);
    const brought = await bringInputs(open(), list, place);
    assert.equal(readFileSync(brought.get(labels) as string, 'utf8'), 'labels');
    const there = brought.get(data) as string;
    assert.deepEqual(readdirSync(there, { recursive: true, encoding: 'utf8' }).sort(), [
      'cats',
      'cats/1.png',
      'cats/small',
      'cats/small/2.png',
    ]);
    assert.deepEqual(await bringInputs(open(), list, place), brought);
    assert.ok(!readdirSync(folder).some((name) => name.startsWith(`${place.split('/').at(-1)}-`)), 'no draft is left');
    await assert.rejects(bringInputs(open(), 'f'.repeat(64), `${place}-2`), ResourceError);
  });
}

describe('a folder', () => contract(() => folderStore(join(folder, 'own'))));
describe("the studio's server", () => contract(() => remote()));

test('a file that the run was given and that was changed since is not taken for it', async () => {
  const store = folderStore(join(folder, 'own'));
  const given = fileOf('as it was');
  const list = await publishInputs(store, 'changed', [given], join(folder, 'drafts'));
  writeFileSync(given, 'as it is');
  await assert.rejects(bringInputs(store, list, join(folder, 'changed')), /was changed since/);
});

test('a connection that is cut: nothing half is taken, it is tried again, and said', async () => {
  const contents = randomBytes(1_000_000);
  const name = 'models/cut-0123456789ab.onnx';
  const messages: Message[] = [];
  // Two uploads, then two answers; connections are used again, unless there was a long pause.
  const { cutting, address } = await Cutting.open([{ going: 300_000 }, { going: 900_000 }, { coming: 200_000 }, { coming: 700_000 }]);
  const own = await TestStudio.open(root, { token: studio.token, publicUrl: address });
  cutting.port = Number(new URL(own.origin).port);
  try {
    assert.equal((await remote({ address, messages }).publish(name, fileOf(contents))).isOwn, true);
    assert.equal(cutting.count, 2);
    assert.deepEqual(readFileSync((await remote({ address, messages }).fetch(name)) as string), contents);
    assert.ok(cutting.count >= 3, `${cutting.count}`);
  } finally {
    await cutting.close();
    await own.close();
  }
  const pauses = messages.map(({ text }) => /cannot be reached \(.+\): trying again in ([\d.]+) s/.exec(text)?.[1]);
  assert.deepEqual(pauses, ['0.5', '1', '0.5', '1'].slice(0, cutting.count));
});

test('a studio that is away is waited for; one that stays away is said in the end', async () => {
  const port = await lastingPort();
  const own = await TestStudio.open(root, { token: studio.token, port });
  await own.close();
  const messages: Message[] = [];
  const store = remote({ address: own.origin, messages });
  const waiting = store.publish('models/away-0123456789ab.onnx', fileOf('late'));
  while (messages.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const back = await TestStudio.open(root, { token: studio.token, port });
  try {
    assert.equal((await waiting).isOwn, true);
  } finally {
    await back.close();
  }
  const gone = remote({ address: own.origin, patience: 0 });
  await assert.rejects(
    gone.look('models/away-0123456789ab.onnx'),
    (error: Error) => error instanceof ResourceError && /could not be reached/.test(error.message),
  );
  // Work under way goes on with this machine's own checkpoint.
  assert.equal((await gone.publish('work/away/train.checkpoint', fileOf('epoch'), { replace: true })).isOwn, true);
  assert.equal(readFileSync((await gone.fetch('work/away/train.checkpoint')) as string, 'utf8'), 'epoch');
});

test('refusals in words, at once: a wrong token, a studio that only shows, no such run, a token in the address', async () => {
  const refused = (what: RegExp) => (error: Error) => error.name === 'StoreRefused' && what.test(error.message);
  const path = fileOf('x');
  await assert.rejects(remote({ token: 'x'.repeat(43) }).look('models/x.onnx'), refused(/token is missing or wrong.*ESPALIER_TOKEN/s));
  await assert.rejects(remote({ token: 'x'.repeat(43) }).publish('models/x.onnx', path), refused(/token is missing or wrong/));
  const showing = await TestStudio.open(root, { isReadOnly: true });
  try {
    const store = remote({ address: showing.origin, token: showing.token });
    await assert.rejects(store.publish('models/x.onnx', path), refused(/only shows runs/));
    assert.equal(await store.look('models/x.onnx'), undefined);
  } finally {
    await showing.close();
  }
  await assert.rejects(remote({ run: 'nothing' }).publish('models/x.onnx', path), /no such run/);
  for (const address of [studio.studio.links[0], 'redis://127.0.0.1', 'http://me:word@127.0.0.1'])
    assert.throws(() => remote({ address }), OptionError, address);
});
