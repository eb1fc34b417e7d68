import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestStudio, temporaryFolder } from './support.js';

const SECRET = 'the secret of another folder';
const { folder, remove } = temporaryFolder();
const root = join(folder, 'root');
let studio: TestStudio;
let cookie: string;
before(async () => {
  mkdirSync(join(root, 'run', 'models'), { recursive: true });
  mkdirSync(join(root, 'run', '.work'));
  writeFileSync(join(root, 'run', 'journal.jsonl'), '');
  writeFileSync(join(root, 'run', 'card.json'), '{}');
  writeFileSync(join(root, 'run', '.work', 'secret.txt'), SECRET);
  writeFileSync(join(folder, 'secret.txt'), SECRET);
  writeFileSync(join(root, 'secret.txt'), SECRET);
  symlinkSync(join(folder, 'secret.txt'), join(root, 'run', 'link.txt'));
  symlinkSync(folder, join(root, 'run', 'models', 'up'));
  symlinkSync(folder, join(root, 'elsewhere'));
  studio = await TestStudio.open(root);
  const { headers } = await studio.send(`/?token=${studio.token}`);
  cookie = String(headers['set-cookie']).split(';')[0];
});
after(async () => {
  await studio?.close();
  remove();
});

test('the link sets a cookie that scripts cannot read and other sites cannot send, and loses its token', async () => {
  const { status, headers } = await studio.send(`/?token=${studio.token}`);
  assert.equal(status, 303);
  assert.equal(headers.location, '/');
  assert.match(String(headers['set-cookie']), /^espalier-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.equal((await studio.send('/api/session', { headers: { Cookie: cookie } })).status, 200);
  assert.equal((await studio.send('/api/session', { headers: { Authorization: `Bearer ${studio.token}` } })).status, 200);
});

test('nothing of the API answers without the token, with another, or with the token of devices', async () => {
  const invitation = (await studio.ask('/api/devices/invitation', { method: 'POST' })).json;
  const ofDevices = new URL(invitation.link).hash.slice(1);
  const routes = [
    'session',
    'runs',
    'runs/run',
    'runs/run/events',
    'runs/run/front',
    'runs/run/files/card.json',
    'datasets',
    'devices',
    'nothing',
  ];
  const wrong = [undefined, '', 'x', ofDevices, studio.token.slice(1), `${studio.token}x`, studio.token.toLowerCase()];
  for (const route of routes)
    for (const token of wrong) {
      const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
      const { status, text } = await studio.send(`/api/${route}`, { headers });
      assert.equal(status, 401, `${route} with ${token}`);
      assert.doesNotMatch(text, /card|digits/);
    }
  for (const [method, route] of [
    ['POST', 'runs'],
    ['POST', 'uploads'],
    ['PUT', 'uploads/x/y'],
    ['POST', 'runs/run/steering'],
    ['POST', 'devices/invitation'],
  ] as const)
    assert.equal((await studio.send(`/api/${route}`, { method, headers: { Authorization: `Bearer ${ofDevices}` } })).status, 401, route);
  assert.equal((await studio.send('/?token=wrong')).status, 401);
  assert.equal((await studio.send(`/api/session?token=${studio.token}`)).status, 401, 'the API takes no token from an address');
  assert.equal((await studio.ask('/api/device', { method: 'POST', json: {} })).status, 401, 'nor do devices have what the studio has');
});

test('a name that was pointed here by its owner (DNS rebinding) is not answered', async () => {
  const { port } = new URL(studio.origin);
  for (const host of [
    `attacker.example:${port}`,
    'attacker.example',
    '127.0.0.1',
    `127.0.0.1:${Number(port) + 1}`,
    `192.168.0.1:${port}`,
    `127.0.0.1.attacker.example:${port}`,
    `127.0.0.1:${port}@attacker.example`,
    `localhost:${port}/x`,
  ]) {
    for (const path of ['/', '/api/session', `/?token=${studio.token}`]) {
      const { status, headers } = await studio.ask(path, { headers: { Host: host } });
      assert.ok(status === 403 || status === 400, `${host} ${path}: ${status}`);
      assert.equal(headers['set-cookie'], undefined);
    }
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
    assert.equal((await studio.ask('/api/session', { headers: { Host: host } })).status, 200, host);
});

test('a tunnel’s address is taken where it was given, as host and as origin', async () => {
  const own = await TestStudio.open(root, { publicUrl: 'https://studio.example.com' });
  try {
    const post = async (headers: Record<string, string>) => (await own.ask('/api/devices/invitation', { method: 'POST', headers })).status;
    assert.equal(await post({ Host: 'studio.example.com', Origin: 'https://studio.example.com' }), 200);
    assert.equal(await post({ Origin: 'https://studio.example.com' }), 200, 'a tunnel may say that it asks this machine');
    assert.equal(await post({ Host: 'studio.example.com', Origin: 'http://studio.example.com:8080' }), 403);
    assert.equal(await post({ Host: 'other.example.com', Origin: 'https://studio.example.com' }), 403);
  } finally {
    await own.close();
  }
});

test('what another site has a browser ask for is refused, whatever it carries', async () => {
  const { port } = new URL(studio.origin);
  const attempts: Record<string, string>[] = [
    { Origin: 'https://attacker.example' },
    { Origin: 'null' },
    { Origin: `http://127.0.0.1:${Number(port) + 1}` },
    { Origin: `https://127.0.0.1:${port}` },
    { Origin: `http://127.0.0.1.attacker.example:${port}` },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: studio.origin, 'Sec-Fetch-Site': 'cross-site' },
    {},
  ];
  for (const headers of attempts) {
    const { status } = await studio.send('/api/uploads', { method: 'POST', headers: { ...headers, Cookie: cookie } });
    assert.equal(status, 403, JSON.stringify(headers));
    if (Object.keys(headers).length === 0) continue;
    assert.equal((await studio.ask('/api/uploads', { method: 'POST', headers })).status, 403, `with the token: ${JSON.stringify(headers)}`);
    assert.equal(
      (await studio.send('/api/runs', { headers: { ...headers, Cookie: cookie } })).status,
      403,
      `looking: ${JSON.stringify(headers)}`,
    );
  }
  for (const headers of [{ Origin: studio.origin }, { 'Sec-Fetch-Site': 'same-origin' }] as Record<string, string>[])
    assert.equal(
      (await studio.send('/api/uploads', { method: 'POST', headers: { ...headers, Cookie: cookie } })).status,
      201,
      JSON.stringify(headers),
    );
  const preflight = await studio.send('/api/runs', {
    method: 'OPTIONS',
    headers: { Origin: 'https://attacker.example', 'Access-Control-Request-Method': 'POST' },
  });
  assert.equal(preflight.status, 403);
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
});

test('a form of another site cannot send JSON', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    assert.equal(
      (await studio.ask('/api/runs/run/steering', { method: 'POST', headers: { 'Content-Type': type }, body: '{"kind":"stop"}' })).status,
      400,
      type,
    );
});

test('every answer says what its page may do', async () => {
  for (const path of ['/', '/device', '/api/session', '/api/nothing', '/assets/nothing.js']) {
    const { headers } = await studio.ask(path);
    const policy = String(headers['content-security-policy']);
    assert.match(
      policy,
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      path,
    );
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

/** Ways out of a folder. */
const OUT = [
  '../secret.txt',
  '..%2fsecret.txt',
  '%2e%2e/secret.txt',
  '%2e%2e%2fsecret.txt',
  '%252e%252e%252fsecret.txt',
  'models/../../secret.txt',
  'models/%2e%2e/%2e%2e/secret.txt',
  'models%2f..%2f..%2fsecret.txt',
  '..\\secret.txt',
  '..%5csecret.txt',
  'models%5c..%5c..%5csecret.txt',
  '/etc/passwd',
  '%2fetc%2fpasswd',
  '//etc/passwd',
  'C:/Windows/win.ini',
  'C:%5cWindows%5cwin.ini',
  '%5c%5cserver%5cshare%5csecret.txt',
  'card.json%00.txt',
  'card.json::$DATA',
  'card.json:stream',
  'card.json.',
  'card.json%20',
  'CON',
  'nul.json',
  'link.txt',
  'models/up/secret.txt',
  'models/up/root/secret.txt',
  '.work/secret.txt',
  '%2ework/secret.txt',
  'models/./../../secret.txt',
  '..%c0%afsecret.txt',
  '%u002e%u002e/secret.txt',
  '..%ef%bc%8fsecret.txt',
  '%ff/secret.txt',
  '....//secret.txt',
  'card.json/',
  'card.json/../../../secret.txt',
];

test('no path leads out of a run’s folder', async () => {
  assert.equal((await studio.ask('/api/runs/run/files/card.json')).text, '{}');
  for (const path of OUT) {
    const { status, text } = await studio.ask(`/api/runs/run/files/${path}`);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    assert.ok(!text.includes(SECRET) && !text.includes('root:'), path);
  }
});

test('no path leads out of the pages’ folder, and no id of a run is a path', async () => {
  for (const path of OUT) {
    for (const address of [
      `/${path}`,
      `/assets/${path}`,
      `/api/runs/${encodeURIComponent(path)}/files/secret.txt`,
      `/api/runs/${path}/files/secret.txt`,
    ]) {
      const { status, text } = await studio.ask(address);
      assert.ok([400, 403, 404, 503].includes(status), `${address}: ${status}`);
      assert.ok(!text.includes(SECRET) && !text.includes('root:'), address);
    }
  }
  for (const id of ['elsewhere', 'elsewhere/root/run', '.', '..', ''])
    assert.equal((await studio.ask(`/api/runs/${encodeURIComponent(id)}/files/card.json`)).status, 404, id);
});

test('a pipe in a run’s folder is no file, and does not hold anything up', {
  skip: process.platform === 'win32' && 'there are no such pipes',
}, async () => {
  execFileSync('mkfifo', [join(root, 'run', 'pipe.json')]);
  assert.equal((await studio.ask('/api/runs/run/files/pipe.json')).status, 404);
});

test('a file of two names is a file', async () => {
  linkSync(join(root, 'run', 'card.json'), join(root, 'run', 'same.json'));
  assert.equal((await studio.ask('/api/runs/run/files/same.json')).status, 200);
});

test('long requests are cut short: heads, bodies with and without a length', async () => {
  const long = 'x'.repeat(300_000);
  assert.equal((await studio.ask('/api/session', { headers: { Long: long.slice(0, 20_000) } })).status, 431);
  const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ kind: long }) };
  assert.equal((await studio.ask('/api/runs/run/steering', post)).status, 413);
  const chunked = { ...post, headers: { ...post.headers, 'Transfer-Encoding': 'chunked' } };
  assert.equal((await studio.ask('/api/runs/run/steering', chunked)).status, 413);
  assert.equal((await studio.ask('/api/session')).status, 200);
});

test('what is no HTTP is answered or dropped, and the studio goes on', async () => {
  const { port } = new URL(studio.origin);
  for (const text of [
    '\x00\x01\x02\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET http://attacker.example/ HTTP/1.1\r\nHost: attacker.example\r\n\r\n',
    'GET /api/session HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
    'POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ]) {
    const answer = await new Promise<string>((resolve) => {
      let got = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.end(text));
      socket.on('data', (part) => {
        got += part;
      });
      socket.once('error', () => undefined);
      socket.once('close', () => resolve(got));
    });
    assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/, JSON.stringify(text));
  }
  assert.equal((await studio.ask('/api/session')).status, 200);
});
