import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.js';

const folder = join(root, 'deploy');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.yaml$/.test(name));
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');

test('deploy/: Valkey keeps what it is told, nothing runs as root, and there is no secret', () => {
  assert.deepEqual([...files].sort(), [
    'compose.yaml',
    'kubernetes/run.yaml',
    'kubernetes/studio.yaml',
    'kubernetes/valkey.yaml',
    'kubernetes/workers.yaml',
  ]);
  for (const name of ['compose.yaml', 'kubernetes/valkey.yaml'])
    assert.match(textOf(name), /"--appendonly", "yes", "--maxmemory-policy", "noeviction"/, name);
  for (const name of files) {
    const text = textOf(name);
    assert.doesNotMatch(text, /\t|password|token:|secretKey/i, name);
    for (const [, ports] of text.matchAll(/ports: \["([^"]+)"\]/g)) assert.match(ports, /^127\.0\.0\.1:/, name);
    const pods = text.match(/containers:/g)?.length ?? 0;
    assert.equal(text.match(/runAsNonRoot: true/g)?.length ?? 0, pods, name);
  }
  assert.match(readFileSync(join(folder, 'Dockerfile'), 'utf8'), /^USER node$/m);
});

test('deploy/: workers have no volume of the runs, and all three have the token from a file', () => {
  const compose = textOf('compose.yaml');
  const services = new Map(compose.split(/^ {2}(?=[a-z]+:\n)/m).map((text) => [/^[a-z]+/.exec(text)?.[0], text]));
  const places = { worker: services.get('worker'), studio: services.get('studio'), coordinator: services.get('coordinator') };
  for (const [name, text] of Object.entries(places)) {
    assert.match(text ?? '', /"--token-file", "\/run\/secrets\/studio"/, name);
    assert.equal(/runs:\/runs/.test(text ?? ''), name !== 'worker', name);
  }
  assert.match(places.studio ?? '', /"--public-url", "http:\/\/studio:8080"/);
  assert.match(places.coordinator ?? '', /"--store", "http:\/\/studio:8080"/);
  for (const name of ['run', 'studio', 'workers']) {
    const text = textOf(`kubernetes/${name}.yaml`);
    assert.match(text, /"--token-file", "\/etc\/espalier\/token"/, name);
    assert.equal(/claimName/.test(text), name !== 'workers', name);
  }
});
