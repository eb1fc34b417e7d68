import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.js';

const folder = join(root, 'deploy');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.yaml$/.test(name));
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');

test('deploy/: Valkey keeps what it is told, nothing runs as root, and there is no secret', () => {
  assert.deepEqual([...files].sort(), ['compose.yaml', 'kubernetes/run.yaml', 'kubernetes/valkey.yaml', 'kubernetes/workers.yaml']);
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
