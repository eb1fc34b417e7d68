// Vite's list of licences names what is bundled into the pages, but not what is bundled into their workers: this adds it.
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Two plugins: one for workers, which notes the packages in them, and one for the pages, which adds those to the file that Vite wrote. */
export function workerLicenses(file) {
  /** Name -> folder. */
  const packages = new Map();
  const notes = {
    name: 'espalier:worker-packages',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle))
        for (const id of chunk.moduleIds ?? []) {
          const [, folder, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id.replaceAll('\\', '/')) ?? [];
          if (name) packages.set(name, folder);
        }
    },
  };
  const writes = {
    name: 'espalier:worker-licenses',
    closeBundle() {
      const listed = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const missing = [...packages].filter(([name]) => !listed.includes(`\n## ${name} - `)).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [name, folder] of missing) appendFileSync(file, entryOf(name, folder));
    },
  };
  return { notes, writes };
}

function entryOf(name, folder) {
  const { version, license, homepage } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((each) => /^(licen[cs]e|notice)/i.test(each));
  const text = texts.map((each) => readFileSync(join(folder, each), 'utf8').trim()).join('\n\n');
  return `\n## ${name} - ${version} (${license})\n\n${text || `The package has no text of its licence; its home is ${homepage}.`}\n`;
}
