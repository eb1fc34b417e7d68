import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Asked, TestStudio, temporaryFolder, until } from './support.js';

const SECRET = 'the secret of another folder';
const { folder, remove } = temporaryFolder();
const root = join(folder, 'root');
const run = join(root, 'run');
const failures: string[] = [];
let studio: TestStudio;
before(async () => {
  mkdirSync(join(run, 'models'), { recursive: true });
  mkdirSync(join(root, 'odd'));
  for (const each of ['run', 'odd']) writeFileSync(join(root, each, 'journal.jsonl'), SECRET);
  writeFileSync(join(run, 'front.json'), SECRET);
  writeFileSync(join(folder, 'secret.onnx'), SECRET);
  // What somebody put into a run's folder may lead anywhere.
  symlinkSync(join(folder, 'secret.onnx'), join(run, 'models', 'link-1.onnx'));
  mkdirSync(join(folder, 'models'));
  writeFileSync(join(folder, 'models', 'secret.onnx'), SECRET);
  for (const each of ['models', '.work']) symlinkSync(join(folder, 'models'), join(root, 'odd', each));
  studio = await TestStudio.open(root, { limits: { artefact: 100_000 }, onMessage: ({ text }) => failures.push(text) });
});
after(async () => {
  await studio?.close();
  remove();
});

const digestOf = (contents: string | Buffer) => `sha-256=:${createHash('sha256').update(contents).digest('base64')}:`;
const put = (name: string, body: string | Buffer, headers: Record<string, string> = {}, given: Partial<Asked> = {}) =>
  studio.ask(`/api/runs/run/store/${name}`, {
    method: 'PUT',
    body,
    headers: { 'Content-Length': String(Buffer.byteLength(body)), 'Repr-Digest': digestOf(body), ...headers },
    ...given,
  });
const get = (name: string, id = 'run') => studio.ask(`/api/runs/${id}/store/${name}`);
/** Every file of the run but those that were there. */
const filesOf = () =>
  readdirSync(run, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

test('what was left is sent with its digest, wholly and in parts; HEAD sends none of it', async () => {
  const body = randomBytes(50_000);
  const answer = await put('models/prune-1f3a.onnx', body, { 'If-None-Match': '*' });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json, { bytes: 50_000, sha256: createHash('sha256').update(body).digest('hex') });
  assert.equal((await put('models/prune-1f3a.onnx', 'other', { 'If-None-Match': '*' })).status, 200);
  const whole = await get('models/prune-1f3a.onnx');
  assert.deepEqual([whole.status, whole.headers['repr-digest']], [200, digestOf(body)]);
  assert.deepEqual(whole.body, body);
  const head = await studio.ask('/api/runs/run/store/models/prune-1f3a.onnx', { method: 'HEAD' });
  assert.deepEqual(
    [head.status, head.headers['repr-digest'], head.headers['content-length'], head.body.length],
    [200, digestOf(body), '50000', 0],
  );
  const part = await studio.ask('/api/runs/run/store/models/prune-1f3a.onnx', { headers: { Range: 'bytes=10-19' } });
  assert.deepEqual([part.status, part.body], [206, body.subarray(10, 20)]);
  assert.deepEqual(readFileSync(join(run, 'models', 'prune-1f3a.onnx')), body);
});

test('an upload that is cut off, or is not what was announced, does not become an artefact', async () => {
  const before = filesOf();
  const { port } = new URL(studio.origin);
  const asked = request({
    port,
    path: '/api/runs/run/store/models/cut-1f3a.onnx',
    method: 'PUT',
    headers: { Authorization: `Bearer ${studio.token}`, 'Content-Length': '900', 'Repr-Digest': digestOf('x') },
  });
  asked.on('error', () => undefined);
  asked.write(Buffer.alloc(400));
  const models = join(run, 'models');
  const parts = () => readdirSync(models).filter((name) => name.endsWith('.tmp'));
  await until(() => parts().length === 1);
  asked.destroy();
  await until(() => parts().length === 0);
  const wrong = await put('models/cut-1f3a.onnx', 'this', { 'Repr-Digest': digestOf('that') });
  assert.equal(wrong.status, 409);
  assert.match(wrong.json.error.message, /not what was announced/);
  assert.equal((await put('models/cut-1f3a.onnx', 'this', { 'Repr-Digest': '' })).status, 400);
  assert.equal((await put('models/cut-1f3a.onnx', 'this', { 'Repr-Digest': 'sha-256=:AAAA:' })).status, 400);
  assert.equal((await put('models/cut-1f3a.onnx', Buffer.alloc(100_001))).status, 413);
  assert.equal((await put(`inputs/${'0'.repeat(64)}`, 'this')).status, 400, 'inputs are named by what they are');
  assert.deepEqual(filesOf(), before);
});

test('checkpoints may be replaced, and are removed by their stage; nothing else is', async () => {
  for (const epoch of ['one', 'two']) assert.equal((await put('work/prune-1f3a/train.checkpoint', epoch)).status, 201);
  assert.equal((await get('work/prune-1f3a/train.checkpoint')).text, 'two');
  const forget = (stage: string) => studio.ask(`/api/runs/run/store/work/${stage}`, { method: 'DELETE' });
  assert.equal((await forget('prune-1f3a')).status, 204);
  assert.equal((await get('work/prune-1f3a/train.checkpoint')).status, 404);
  for (const stage of ['..', '%2e%2e', '..%2fmodels', '.', 'a%2fb', '%00'])
    assert.ok([404, 400].includes((await forget(stage)).status), stage);
  assert.equal((await studio.ask('/api/runs/run/store/models/prune-1f3a.onnx', { method: 'DELETE' })).status, 404);
  assert.ok(existsSync(join(run, 'models', 'prune-1f3a.onnx')));
});

/** Names that are no artefact's, and ways out. */
const OUT = [
  'journal.jsonl',
  'front.json',
  '../run/journal.jsonl',
  '%2e%2e/secret.onnx',
  'models/../journal.jsonl',
  'models/..%2f..%2fsecret.onnx',
  'models/%2e%2e/%2e%2e/secret.onnx',
  'models/link-1.onnx',
  'models/a/b.onnx',
  'models/.onnx',
  'models/x.onnx%00',
  'models/x.onnx/',
  'models%2fprune-1f3a.onnx',
  'models/x.card.json',
  'work/x/..%2f..%2fx.checkpoint',
  'inputs/..%2f..%2f..%2fsecret.onnx',
  '.work/x.checkpoint',
  'models/nul.onnx',
  'models/x.onnx:stream',
  'models/x.onnx.',
  '',
];

test('no name leads out of a run’s folder, to its journal or to anything that is no artefact', async () => {
  const before = filesOf();
  for (const name of OUT) {
    const answers = [await get(name), ...(name === 'models/link-1.onnx' ? [] : [await put(name, 'overwritten')])];
    for (const { status, text } of answers) {
      assert.ok([400, 404].includes(status), `${name}: ${status}`);
      assert.ok(!text.includes(SECRET), name);
    }
  }
  for (const id of ['..', 'elsewhere', encodeURIComponent('../root/run')])
    assert.equal((await get('models/prune-1f3a.onnx', id)).status, 404, id);
  assert.deepEqual(filesOf(), before);
  assert.equal(readFileSync(join(run, 'journal.jsonl'), 'utf8'), SECRET);
  // A folder that is a link.
  assert.equal((await get('models/secret.onnx', 'odd')).status, 404);
  for (const name of ['models/x.onnx', 'work/x/train.checkpoint'])
    assert.equal(
      (
        await studio.ask(`/api/runs/odd/store/${name}`, {
          method: 'PUT',
          body: 'x',
          headers: { 'Content-Length': '1', 'Repr-Digest': digestOf('x') },
        })
      ).status,
      404,
    );
  assert.equal((await studio.ask('/api/runs/odd/store/work/x', { method: 'DELETE' })).status, 404);
  assert.deepEqual(readdirSync(join(folder, 'models')), ['secret.onnx']);
  assert.deepEqual(failures, []);
});

test('a pipe is no artefact, and does not hold anything up', {
  skip: process.platform === 'win32' && 'there are no such pipes',
}, async () => {
  execFileSync('mkfifo', [join(run, 'models', 'pipe-1.onnx')]);
  assert.equal((await get('models/pipe-1.onnx')).status, 404);
});

test('without the token nothing is to be had or left, nor from another site’s page; a studio that only shows takes nothing', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
    for (const path of ['models/prune-1f3a.onnx', 'work/prune-1f3a'])
      assert.equal(
        (await studio.send(`/api/runs/run/store/${path}`, { method })).status,
        method === 'GET' || method === 'HEAD' ? 401 : 403,
      );
  const elsewhere = { Origin: 'https://attacker.example' };
  assert.equal((await put('models/x-1.onnx', 'x', elsewhere)).status, 403);
  const showing = await TestStudio.open(root, { isReadOnly: true });
  try {
    const sent = { body: 'x', headers: { 'Content-Length': '1', 'Repr-Digest': digestOf('x') } };
    assert.equal((await showing.ask('/api/runs/run/store/models/x-1.onnx', { method: 'PUT', ...sent })).status, 403);
    assert.equal((await showing.ask('/api/runs/run/store/work/x', { method: 'DELETE' })).status, 403);
    assert.equal((await showing.ask('/api/runs/run/store/models/prune-1f3a.onnx')).status, 200);
  } finally {
    await showing.close();
  }
  assert.ok(!existsSync(join(run, 'models', 'x-1.onnx')));
});
