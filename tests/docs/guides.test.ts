import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { espalier } from '../cli/run.js';
import { root } from '../support/paths.js';

const guides = readdirSync(join(root, 'docs', 'guides')).filter((name) => name.endsWith('.md'));

/** The code blocks of a page in order: commands, and what is printed of them. */
function blocksOf(page: string): { language: string; lines: string[] }[] {
  return [...page.matchAll(/^```(sh|text)\n([\s\S]*?)^```/gm)].map(([, language, text]) => ({
    language,
    lines: text.split('\n').filter((line) => line.trim() !== ''),
  }));
}

/** A line without its figures and their signs: they differ from machine to machine. A dot is a zero of a confusion matrix. */
function skeleton(line: string): string {
  return line
    .replace(/[-+]?\d+(\.\d+)?|·/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The words of a command line; quotes keep words together. */
function words(line: string): string[] {
  return [...line.replace(/\s+#.*$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

for (const guide of guides) {
  test(`docs/guides/${guide}: every command works as it is printed, and prints what the page shows`, async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'espalier-guide-'));
    try {
      let printed: string[] = [];
      let commands = 0;
      for (const { language, lines } of blocksOf(readFileSync(join(root, 'docs', 'guides', guide), 'utf8'))) {
        if (language === 'text') {
          const known = new Set(printed.map(skeleton));
          for (const line of lines) {
            const found = known.has(skeleton(line)) || [...known].some((each) => each.startsWith(skeleton(line)));
            assert.ok(found, `${guide} shows "${line}", and the commands before it printed:\n${printed.join('\n')}`);
          }
          printed = [];
          continue;
        }
        for (const line of lines) {
          const [npx, program, ...args] = words(line);
          assert.deepEqual([npx, program], ['npx', 'espalier'], `${guide}: "${line}"`);
          const { code, stdout, stderr } = await espalier(args, { cwd });
          assert.equal(code, 0, `${guide}: "${line}" ended with ${code}:\n${stderr}`);
          printed.push(...`${stderr}\n${stdout}`.split(/[\r\n]+/));
          commands++;
        }
      }
      assert.ok(commands >= 3, `${guide} has ${commands} commands`);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
}
