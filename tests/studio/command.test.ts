import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as requestHttps } from 'node:https';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { espalier } from '../cli/run.js';
import { root } from '../support/paths.js';
import { temporaryFolder, until } from './support.js';

const { folder, remove } = temporaryFolder();
before(() => {
  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'run', 'journal.jsonl'), '');
});
after(remove);

/** The command as a user has it, until it is told to end. */
async function started(args: readonly string[] = [], env = process.env) {
  const child = spawn(process.execPath, [join(root, 'bin', 'espalier.js'), 'studio', folder, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit').then(() => [''])])) as [string];
  return {
    link: line,
    /** @returns its exit code and what it printed. */
    end: async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal);
      const [code] = await once(child, 'close');
      return { code: code as number | null, stdout, stderr };
    },
  };
}

/** Asks without looking at who vouches for the certificate. */
function askTls(link: string, path: string, token: string): Promise<{ status: number; certificate: X509Certificate }> {
  return new Promise((resolve, reject) => {
    const asked = requestHttps(
      new URL(path, link),
      { rejectUnauthorized: false, headers: { Authorization: `Bearer ${token}` }, agent: false },
      (response) => {
        const certificate = (response.socket as import('node:tls').TLSSocket).getPeerX509Certificate() as X509Certificate;
        response.resume();
        response.once('end', () => resolve({ status: response.statusCode as number, certificate }));
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}

test('espalier studio prints the link, answers it, and ends in order on SIGTERM and Ctrl-C, also while somebody listens', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const studio = await started();
    assert.match(studio.link, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/);
    const page = await fetch(studio.link, { redirect: 'manual' });
    assert.equal(page.status, 303);
    const cookie = String(page.headers.get('set-cookie')).split(';')[0];
    const runs = await fetch(new URL('/api/runs', studio.link), { headers: { Cookie: cookie } });
    assert.deepEqual(
      ((await runs.json()) as { id: string }[]).map(({ id }) => id),
      ['run'],
    );
    const listening = await fetch(new URL('/api/runs/run/events', studio.link), { headers: { Cookie: cookie } });
    const reader = (listening.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await fetch(new URL('/api/uploads', studio.link), {
      method: 'POST',
      headers: { Authorization: `Bearer ${new URL(studio.link).searchParams.get('token')}` },
    });
    const { code, stdout, stderr } = await studio.end(signal);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), studio.link);
    assert.ok(!stderr.includes(new URL(studio.link).searchParams.get('token') as string), 'the token is printed once');
    assert.deepEqual(readdirSync(join(folder, '.studio', 'uploads')), [], 'uploads that nobody used are gone');
    await reader.cancel().catch(() => undefined);
  }
});

test('a run that was started goes on after SIGTERM, and the studio says so', async () => {
  const studio = await started();
  const token = new URL(studio.link).searchParams.get('token');
  const response = await fetch(new URL('/api/runs', studio.link), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'on', model: { architecture: 'mlp' }, data: { name: 'iris' }, trials: 500, epochs: 50 }),
  });
  assert.equal(response.status, 201);
  const { code, stderr } = await studio.end();
  assert.equal(code, 0);
  const pid = Number(/The run "on" goes on as process (\d+)\./.exec(stderr)?.[1]);
  process.kill(pid, 0);
  await until(() => existsSync(join(folder, 'on', 'journal.jsonl')));
  process.kill(pid, 'SIGKILL');
});

test('other addresses than loopback come with a warning of what others can do; names of this machine are taken, others are not', async () => {
  const studio = await started(['--host', '0.0.0.0']);
  try {
    const { port, searchParams } = new URL(studio.link);
    const ask = async (host: string) => {
      const { request } = await import('node:http');
      return new Promise<number>((resolve, reject) => {
        const headers = { Host: host, Authorization: `Bearer ${searchParams.get('token')}` };
        request({ port, path: '/api/session', headers, agent: false }, (response) => resolve(response.resume().statusCode as number))
          .once('error', reject)
          .end();
      });
    };
    for (const host of [
      `127.0.0.1:${port}`,
      `192.168.7.7:${port}`,
      `[fe80::1]:${port}`,
      `${hostname()}:${port}`,
      `${hostname()}.local:${port}`,
    ])
      assert.equal(await ask(host), 200, host);
    for (const host of [`attacker.example:${port}`, `192.168.7.7.attacker.example:${port}`, `127.0.0.1:1`])
      assert.equal(await ask(host), 403, host);
  } finally {
    const { stderr } = await studio.end();
    assert.match(stderr, /warning: Everyone who reaches 0\.0\.0\.0 and has the link sees every run/);
    assert.match(stderr, /processes with your rights/);
    assert.match(stderr, /plain http: whoever is on the way reads all of it/);
  }
});

test('--tls: a certificate for this machine’s names; --cert and --key: a given one', async () => {
  const made = await started(['--tls', '--port', '0']);
  const { searchParams } = new URL(made.link);
  const { status, certificate } = await askTls(made.link, '/api/session', searchParams.get('token') as string);
  assert.equal(status, 200);
  for (const name of ['localhost', hostname()]) assert.ok(certificate.checkHost(name), name);
  assert.ok(certificate.checkIP('127.0.0.1'));
  assert.ok(certificate.verify(certificate.publicKey), 'signed by itself');
  assert.equal((await made.end()).code, 0);
  const { makeCertificate } = await import('#dist/studio/server/index.js');
  const own = await makeCertificate(['studio.test']);
  for (const [name, text] of Object.entries(own)) writeFileSync(join(folder, `${name}.pem`), text);
  const given = await started(['--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem')]);
  const shown = await askTls(given.link, '/api/session', new URL(given.link).searchParams.get('token') as string);
  assert.equal(shown.status, 200);
  assert.equal(shown.certificate.fingerprint256, new X509Certificate(readFileSync(join(folder, 'cert.pem'))).fingerprint256);
  await given.end();
});

test('what cannot be is said in a sentence, with code 2', async () => {
  const taken = await started();
  const { port } = new URL(taken.link);
  writeFileSync(join(folder, 'no.pem'), 'no');
  for (const [args, message] of [
    [[join(folder, 'nothing')], /There is no such folder/],
    [[folder, '--port', '99999'], /port/],
    [[folder, '--port', port], /the port is taken[\s\S]*--port/],
    [[folder, '--cert', join(folder, 'cert.pem')], /belong together[\s\S]*--key/],
    [[folder, '--cert', join(folder, 'no.pem'), '--key', join(folder, 'no.pem')], /certificate cannot be used/],
    [[folder, '--public-url', 'somewhere'], /Not an address/],
    [[folder, '--host', '203.0.113.77'], /no such address[\s\S]*--host/],
  ] as const) {
    const { code, stderr } = await espalier(['studio', ...args]);
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.match(stderr, message);
  }
  await taken.end();
});

test('--open hands the link to the browser by way of a file that nobody else can read', {
  skip: process.platform !== 'linux' && 'only Linux has xdg-open',
}, async () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // Stands in for the desktop's opener: keeps what it is told, and what it is shown.
  const opener = [
    '#!/bin/sh',
    'page=$(printf %s "$1" | cut -c8-)',
    'cp "$page" "$0.shown"',
    'stat -c %a "$page" > "$0.mode"',
    'printf %s "$*" > "$0.part"',
    'mv "$0.part" "$0.told"',
  ].join('\n');
  writeFileSync(join(bin, 'xdg-open'), opener, { mode: 0o755 });
  const studio = await started(['--open'], { ...process.env, PATH: `${bin}:${process.env.PATH}` });
  await until(() => existsSync(join(bin, 'xdg-open.told')));
  const told = readFileSync(join(bin, 'xdg-open.told'), 'utf8');
  assert.match(told, /^file:\/\/\S+\.html$/);
  assert.ok(readFileSync(join(bin, 'xdg-open.shown'), 'utf8').includes(`url=${studio.link}"`));
  assert.equal(readFileSync(join(bin, 'xdg-open.mode'), 'utf8').trim(), '600');
  assert.equal((await studio.end()).code, 0);
  assert.ok(!existsSync(new URL(told)), 'it is removed in the end');
});
