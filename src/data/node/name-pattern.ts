import { DataError, OptionError } from '../../base/index.js';
import { keepAsTest, type PartName, partOf } from '../formats/arrays.js';
import { byCodeUnit, listed, numberLabels } from '../formats/labels.js';
import { classTargets } from '../targets.js';
import type { OpenOptions } from './options.js';
import type { Layout } from './parts.js';
import type { TreeFile } from './tree.js';

/** Where a pattern of file names has the class. */
const PLACE = '{label}';

/** Whether a label is a pattern of file names, as "{label}_*", rather than a column of a table. */
export function isNamePattern(label: OpenOptions['label']): label is string {
  return typeof label === 'string' && label.includes(PLACE);
}

/**
 * Files whose names say their class by a pattern: {label} is the class, * anything, both as short as the rest allows, e.g. "{label}_*" for 7_jackson_3.wav.
 * The extension does not count. Folders called train and test (or val) are parts.
 * @throws OptionError for a pattern without exactly one place, DataError for a file that does not fit.
 */
export function layOutByNames(files: readonly TreeFile[], pattern: string, where: string, given: readonly string[] | undefined): Layout {
  const expression = expressionOf(pattern);
  const found: Partial<Record<PartName, { files: TreeFile[]; labels: string[] }>> = {};
  for (const file of files) {
    const folders = file.path.split('/');
    const name = (folders.pop() as string).replace(/\.[^.]*$/, '');
    const label = expression.exec(name)?.[1];
    if (label === undefined)
      throw new DataError({
        what: 'A file is not called as the pattern says',
        where: `${where}, ${file.path}`,
        expected: pattern,
        got: name,
      });
    const part = folders.map(partOf).find((each) => each !== undefined) ?? 'train';
    const own = found[part] ?? { files: [], labels: [] };
    found[part] = own;
    own.files.push(file);
    own.labels.push(label);
  }
  const parts = keepAsTest(found);
  const classes = given ?? [...new Set(parts.train?.labels)].sort(byCodeUnit);
  if (classes.length < 2)
    throw new DataError({
      what: 'The names of all files have the same label',
      where,
      expected: 'at least two classes',
      got: listed(classes),
    });
  const label = ({ files: own, labels }: { files: TreeFile[]; labels: string[] }) => ({
    files: own,
    targets: classTargets(numberLabels(labels, classes, where), classes),
  });
  return Object.fromEntries(Object.entries(parts).map(([part, own]) => [part, label(own)]));
}

function expressionOf(pattern: string): RegExp {
  const pieces = pattern.split(PLACE);
  if (pieces.length !== 2)
    throw new OptionError({ what: `A pattern of file names has one ${PLACE}`, expected: '"{label}_*", say', got: JSON.stringify(pattern) });
  const [before, after] = pieces.map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*?'));
  return new RegExp(`^${before}(.+?)${after}$`);
}
