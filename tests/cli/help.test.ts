import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { techniques } from 'espalier/strategies';
import { root } from '../support/paths.js';
import { espalierMany, type Ran } from './run.js';

const COMMANDS = [
  'diff',
  'predict',
  'sample',
  'inspect',
  'bench',
  'estimate',
  'plan',
  'compile',
  'advise',
  'train',
  'eval',
  'quantize',
  'prune',
  'distill',
  'apply',
  'convert',
  'techniques',
  'samplers',
  'worker',
  'watch',
  'steer',
  'studio',
  'optimize',
  'report',
  'demo',
  'doctor',
  'completion',
];

test('every command: --help with an example, and the options that all have', async () => {
  const helps: Ran[] = [];
  await espalierMany([...COMMANDS.map((command) => [command, '--help']), ['--help']], root, (ran) => helps.push(ran));
  const { stdout: all } = helps.pop() as Ran;
  for (const [index, { code, stdout, stderr }] of helps.entries()) {
    const command = COMMANDS[index];
    assert.equal(code, 0, command);
    assert.equal(stderr, '', command);
    assert.match(stdout, new RegExp(`Examples?:\\n  \\$ espalier ${command} `), command);
    for (const option of ['--json', '--seed', '--quiet', '--verbose', '--help']) assert.ok(stdout.includes(option), `${command} ${option}`);
  }
  for (const command of COMMANDS) assert.match(all, new RegExp(`^  ${command} `, 'm'));
});

/** "espalier ..." in the code blocks and code spans of a page. */
function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```(?:\w*)\n([\s\S]*?)^```/gm)].flatMap(([, text]) => text.replaceAll('\\\n', ' ').split('\n'));
  const spans = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text);
  return [...blocks, ...spans].flatMap((line) => /^\s*(?:\$ )?(?:npx )?espalier ([a-z]+ .*)$/.exec(line)?.[1] ?? []);
}

test('the commands that README and docs name exist, with their options', async () => {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((name) => name.endsWith('.md'));
  // The flags of `apply` are those of the technique that it names.
  const asked = [...COMMANDS.map((command) => [command]), ...techniques.all().map(({ name }) => ['apply', name])];
  const helps = new Map<string, string>();
  await espalierMany(
    asked.map((words) => [...words, '--help']),
    root,
    ({ stdout }, index) => helps.set(asked[index].join(' '), stdout),
  );
  let checked = 0;
  for (const page of pages) {
    for (const line of commandsOf(readFileSync(join(root, page), 'utf8'))) {
      const [command, ...words] = line.replace(/\s#.*$/, '').split(/\s+/);
      const help = helps.get(`${command} ${words[0]}`) ?? helps.get(command);
      assert.ok(help, `${page}: "espalier ${line}"`);
      for (const word of words.filter((each) => /^--?[a-z]/.test(each))) {
        const [option] = word.split('=');
        assert.match(help, new RegExp(`(^|\\s)${option}[ ,\\n]`, 'm'), `${page}: "espalier ${line}" has no ${option}`);
      }
      checked++;
    }
  }
  assert.ok(checked >= 10, `only ${checked} commands were found`);
});
