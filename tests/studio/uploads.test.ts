import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Uploads } from '#dist/studio/server/starting/uploads.js';
import { TestStudio, temporaryFolder, until } from './support.js';

const { folder, remove } = temporaryFolder();
const LIMITS = { file: 1000, total: 2500, files: 3, waiting: 2, idle: 3_600_000 };
let studio: TestStudio;
before(async () => {
  studio = await TestStudio.open(folder, { limits: { uploads: LIMITS } });
});
after(async () => {
  await studio?.close();
  remove();
});

const home = join(folder, '.studio', 'uploads');
/** Every file of an upload, in whichever process's folder. */
const filesOf = (id: string) => {
  const [owner] = readdirSync(home);
  return readdirSync(join(home, owner, id), { recursive: true, encoding: 'utf8' }).sort();
};
const put = (id: string, path: string, body: string | Buffer) => studio.ask(`/api/uploads/${id}/${path}`, { method: 'PUT', body });

test('files are written as they came, in their folders, within limits', async () => {
  const { status, json } = await studio.ask('/api/uploads', { method: 'POST' });
  assert.equal(status, 201);
  const { id } = json as { id: string };
  assert.equal((await studio.ask('/api/session')).json.maxUpload, LIMITS.file);
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));
  assert.equal((await put(id, 'Fotos%20%C3%BC/cat/1.jpg', bytes)).status, 204);
  assert.deepEqual(filesOf(id), ['Fotos ü', join('Fotos ü', 'cat'), join('Fotos ü', 'cat', '1.jpg')]);
  const [owner] = readdirSync(home);
  assert.deepEqual(readFileSync(join(home, owner, id, 'Fotos ü', 'cat', '1.jpg')), bytes);
  assert.equal((await put(id, 'Fotos%20%C3%BC/cat/1.jpg', 'x')).status, 409, 'a file that is there stays');
  assert.equal((await put(id, 'Fotos%20%C3%BC', 'x')).status, 409, 'nor does a folder become a file');
  assert.equal((await put(id, 'large', Buffer.alloc(1001))).status, 413);
  const chunked = await studio.ask(`/api/uploads/${id}/chunked`, {
    method: 'PUT',
    body: Buffer.alloc(1001),
    headers: { 'Transfer-Encoding': 'chunked' },
  });
  assert.equal(chunked.status, 413, 'also where its length is not said beforehand');
  assert.equal((await put(id, 'b', Buffer.alloc(1000))).status, 204);
  assert.equal((await put(id, 'c', Buffer.alloc(600))).status, 413, 'all together');
  assert.equal((await put(id, 'c', Buffer.alloc(500))).status, 204);
  assert.equal((await put(id, 'd', '')).status, 413, 'files of an upload');
  assert.equal(filesOf(id).length, 5);
  assert.equal((await studio.ask('/api/uploads', { method: 'POST' })).status, 201);
  assert.equal((await studio.ask('/api/uploads', { method: 'POST' })).status, 409, 'uploads that wait');
});

test('names that are no names of files are refused', async () => {
  const limits = { ...LIMITS, files: 100 };
  const own = temporaryFolder();
  const other = await TestStudio.open(own.folder, { limits: { uploads: limits } });
  try {
    const { id } = (await other.ask('/api/uploads', { method: 'POST' })).json;
    for (const path of [
      '..%2fx',
      '%2e%2e%2fx',
      '%2fetc%2fx',
      '.hidden',
      'a%2fb',
      'a%5cb',
      'a%00b',
      'C:x',
      'a:b',
      'nul',
      'com1.txt',
      'a.',
      'a%20',
      'a//b',
      '',
      `${'a'.repeat(256)}`,
      'a/'.repeat(40),
    ])
      assert.equal((await other.ask(`/api/uploads/${id}/${path}`, { method: 'PUT', body: 'x' })).status, 400, path);
    for (const unknown of ['nothing', '..', '%2e%2e', encodeURIComponent('../..')])
      assert.ok([400, 404].includes((await other.ask(`/api/uploads/${unknown}/x`, { method: 'PUT', body: 'x' })).status), unknown);
    const [owner] = readdirSync(join(own.folder, '.studio', 'uploads'));
    assert.deepEqual(readdirSync(join(own.folder, '.studio', 'uploads', owner, id)), []);
    assert.deepEqual(readdirSync(own.folder), ['.studio']);
  } finally {
    await other.close();
    own.remove();
  }
});

test('an upload that is cut off leaves nothing, and may come again', async () => {
  const own = temporaryFolder();
  const other = await TestStudio.open(own.folder, { limits: { uploads: LIMITS } });
  try {
    const { id } = (await other.ask('/api/uploads', { method: 'POST' })).json;
    const at = join(own.folder, '.studio', 'uploads', readdirSync(join(own.folder, '.studio', 'uploads'))[0], id);
    const asked = request({
      port: new URL(other.origin).port,
      path: `/api/uploads/${id}/cut`,
      method: 'PUT',
      headers: { Authorization: `Bearer ${other.token}`, 'Content-Length': '900' },
    });
    asked.on('error', () => undefined);
    asked.write(Buffer.alloc(400));
    // The part is there before the client goes away.
    await until(() => readdirSync(at).some((name) => name.startsWith('.part-')));
    asked.destroy();
    await until(() => readdirSync(at).length === 0);
    assert.equal((await other.ask(`/api/uploads/${id}/cut`, { method: 'PUT', body: Buffer.alloc(900) })).status, 204);
    assert.deepEqual(readdirSync(at), ['cut']);
  } finally {
    await other.close();
    own.remove();
  }
});

test('what nobody used is removed: after a while, when the studio ends, and when another was killed', async () => {
  const own = temporaryFolder();
  try {
    const idle = new Uploads(own.folder, { ...LIMITS, idle: -1 });
    const id = idle.create();
    assert.ok(existsSync(idle.folderOf(id)));
    await idle.sweep();
    assert.throws(() => idle.folderOf(id), /no such upload/);
    const uploads = join(own.folder, '.studio', 'uploads');
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const left = join(uploads, `${child.pid}@${hostname().replace(/[^A-Za-z0-9-]/g, '-')}`);
    const elsewhere = join(uploads, `${child.pid}@another-machine`);
    for (const each of [left, elsewhere]) {
      mkdirSync(each, { recursive: true });
      writeFileSync(join(each, 'x'), '');
    }
    const next = await TestStudio.open(own.folder);
    assert.deepEqual([existsSync(left), existsSync(elsewhere)], [false, true]);
    await next.ask('/api/uploads', { method: 'POST' });
    assert.equal(readdirSync(uploads).length, 2);
    await next.close();
    assert.deepEqual(readdirSync(uploads), [`${child.pid}@another-machine`]);
  } finally {
    own.remove();
  }
});
