import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Random } from 'espalier/base';
import { segmentsOf } from '#dist/studio/server/serving/paths.js';
import { TestStudio, temporaryFolder } from './support.js';

const SECRET = 'the secret of another folder';
const { folder, remove } = temporaryFolder();
const root = join(folder, 'root');
const failures: string[] = [];
let studio: TestStudio;
before(async () => {
  mkdirSync(join(root, 'run', 'models'), { recursive: true });
  writeFileSync(join(root, 'run', 'journal.jsonl'), '');
  for (const place of [folder, root]) writeFileSync(join(place, 'secret.txt'), SECRET);
  studio = await TestStudio.open(root, { onMessage: ({ text }) => failures.push(text) });
});
after(async () => {
  await studio?.close();
  remove();
});

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];

/** Bits of which paths that mean harm are made. */
const BITS = [
  '..',
  '.',
  '/',
  '\\',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
  '%00',
  '%',
  '%%',
  '%25',
  '%252e',
  'secret.txt',
  'models',
  'run',
  'C:',
  '~',
  '$',
  '%c0%ae',
  '%ef%bc%8f',
  '%u2215',
  ';',
  '?',
  '#',
  '%0d%0a',
  'é'.normalize('NFD'),
  'nul',
  ' ',
  ':',
  'root',
  'etc',
  'passwd',
];

test('400 paths: none leads out, none makes the studio fail', async () => {
  const random = new Random(11);
  for (let i = 0; i < 400; i++) {
    const path = encodeURI(Array.from({ length: 1 + random.integer(9) }, () => pick(random, BITS)).join(''))
      .replaceAll('%25', '%')
      .replaceAll(' ', '%20');
    const route = pick(random, ['/api/runs/run/files/', '/api/runs/', '/', '/assets/', '/api/uploads/x/', '/api/runs/run/models/']);
    const { status, text } = await studio.ask(`${route}${path}`, { method: pick(random, ['GET', 'GET', 'PUT', 'POST', 'HEAD', 'DELETE']) });
    assert.ok(status < 500 || status === 503, `${route}${path}: ${status} ${text}`);
    assert.ok(!text.includes(SECRET) && !text.includes('root:'), `${route}${path}`);
  }
  assert.deepEqual(failures, []);
});

test('paths that are taken are made of plain names, whatever they are made from', () => {
  const random = new Random(12);
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    const path = Array.from({ length: 1 + random.integer(6) }, () =>
      random.uniform() < 0.5 ? pick(random, BITS) : String.fromCodePoint(random.integer(0x250)),
    ).join('');
    const segments = segmentsOf(path);
    if (!segments) continue;
    taken++;
    assert.equal(segments.join('/'), path);
    for (const name of segments) assert.ok(name !== '' && !name.startsWith('.') && !/[/\\:\0]/.test(name), JSON.stringify(path));
    assert.ok(join('/base', ...segments).startsWith('/base/'));
  }
  assert.ok(taken > 1000, `${taken}`);
});

/** A JSON value that some code may not expect. */
function strange(random: Random, depth = 0): unknown {
  const kinds = ['null', 'number', 'text', 'boolean', ...(depth < 4 ? ['list', 'object', 'object'] : [])];
  const keys = [
    'kind',
    'limits',
    'name',
    'model',
    'data',
    'upload',
    'path',
    'architecture',
    '__proto__',
    'constructor',
    'toString',
    'point',
    'backends',
    'p50',
    'trials',
    'userAgent',
    'cores',
    'maxSize',
    '',
  ];
  switch (pick(random, kinds)) {
    case 'null':
      return null;
    case 'number':
      return pick(random, [0, -1, 1, 1.5, 1e308, -1e308, 2 ** 53, 1e-320]);
    case 'text':
      return pick(random, [
        '',
        'pause',
        'limits',
        'trial',
        '../../etc',
        '--out=/etc',
        '; rm -rf /',
        '\0',
        '\u202e',
        '<script>alert(1)</script>',
        'x'.repeat(5000),
        'iris',
        'mlp',
        '\ud800',
      ]);
    case 'boolean':
      return random.uniform() < 0.5;
    case 'list':
      return Array.from({ length: random.integer(5) }, () => strange(random, depth + 1));
    default: {
      const entries = Array.from(
        { length: random.integer(6) },
        () => `${JSON.stringify(pick(random, keys))}:${JSON.stringify(strange(random, depth + 1) ?? null)}`,
      );
      return JSON.parse(`{${entries.join(',')}}`);
    }
  }
}

test('300 bodies: what is not meant is refused with words, nothing is made, nothing fails', async () => {
  const random = new Random(13);
  const { link } = (await studio.ask('/api/devices/invitation', { method: 'POST' })).json;
  const device = { Authorization: `Bearer ${new URL(link).hash.slice(1)}` };
  const before = readdirSync(root);
  for (let i = 0; i < 300; i++) {
    const whole = JSON.stringify(strange(random)) ?? 'null';
    const body = random.uniform() < 0.2 ? whole.slice(0, random.integer(whole.length + 1)) : whole;
    const path = pick(random, ['/api/runs', '/api/runs/run/steering', '/api/device', '/api/device/x/jobs/y', '/api/devices/invitation?']);
    const headers = path.startsWith('/api/device') && !path.startsWith('/api/devices') ? device : {};
    const { status, text } = await studio.ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body });
    if (path === '/api/devices/invitation?') continue;
    assert.ok(status >= 400 && status < 500, `${path} ${body.slice(0, 200)}: ${status} ${text}`);
    assert.ok(JSON.parse(text).error.message.length > 0);
  }
  assert.deepEqual(readdirSync(root), before);
  assert.equal(({} as Record<string, unknown>).kind, undefined);
  assert.deepEqual(failures, []);
});

test('folders may be called anything: their names come as text, and lead to them', {
  skip: process.platform === 'win32' && 'few names are allowed',
}, async () => {
  const own = temporaryFolder();
  const names = [
    '<img src=x onerror=alert(1)>',
    'a"b\'c`',
    '\u202etxt.exe',
    '%2e%2e',
    'a%2fb',
    '..x',
    '-rf',
    'a b',
    '#?&=;',
    'a\\b',
    'line\nbreak',
    '__proto__',
    'events',
    'files',
    '日本',
  ];
  for (const name of names) {
    mkdirSync(join(own.folder, name, 'inner'), { recursive: true });
    writeFileSync(join(own.folder, name, 'inner', 'journal.jsonl'), '');
    writeFileSync(join(own.folder, name, 'inner', 'card.json'), JSON.stringify(name));
  }
  const other = await TestStudio.open(own.folder);
  try {
    const { headers, json } = await other.ask('/api/runs');
    assert.match(String(headers['content-type']), /^application\/json/);
    // What begins with a dot is hidden.
    const shown = names.filter((name) => !name.startsWith('.'));
    assert.deepEqual((json as { id: string }[]).map(({ id }) => id).sort(), shown.map((name) => `${name}/inner`).sort());
    for (const name of shown) {
      const { status, json } = await other.ask(`/api/runs/${encodeURIComponent(`${name}/inner`)}/files/card.json`);
      assert.deepEqual([status, json], [200, name]);
    }
  } finally {
    await other.close();
    own.remove();
  }
});
