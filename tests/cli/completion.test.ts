import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { espalier } from './run.js';

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** What bash offers after these words; the last one is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout: script } = await espalier(['completion', 'bash']);
  const asked = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _espalier; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', asked], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trim().split('\n');
}

test('bash completes commands, options and choices', { skip: !has('bash') && 'there is no bash' }, async () => {
  assert.deepEqual(await offered('espalier', 'in'), ['inspect']);
  const commands = await offered('espalier', '');
  for (const command of ['optimize', 'doctor', 'completion', 'help']) assert.ok(commands.includes(command), command);
  assert.deepEqual(await offered('espalier', 'quantize', '--dyn'), ['--dynamic']);
  assert.deepEqual(await offered('espalier', 'bench', '--backend', ''), ['cpu', 'webgpu']);
  assert.deepEqual(await offered('espalier', 'completion', ''), [
    'bash',
    'zsh',
    'fish',
    '--json',
    '--quiet',
    '--verbose',
    '--seed',
    '--help',
  ]);
  assert.deepEqual(await offered('espalier', 'bench', 'model.onnx', '--bat'), ['--batch']);
});

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`${shell} accepts its script`, { skip: !has(shell) && `there is no ${shell}` }, async () => {
    const { code, stdout } = await espalier(['completion', shell]);
    assert.equal(code, 0);
    const folder = mkdtempSync(join(tmpdir(), 'espalier-completion-'));
    writeFileSync(join(folder, 'script'), stdout);
    const { status, stderr } = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    assert.equal(status, 0, stderr);
  });
}

test('every script names every command and its options', async () => {
  const { stdout: help } = await espalier(['--help']);
  const commands = [...help.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name).filter((name) => name !== 'help');
  assert.ok(commands.length >= 14, commands.join());
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await espalier(['completion', shell]);
    for (const word of [...commands, 'max-drop', 'calibration', 'percentile']) assert.ok(stdout.includes(word), `${shell}: ${word}`);
  }
});

test('a shell that is not known is refused with those that are', async () => {
  const { code, stderr } = await espalier(['completion', 'csh']);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
