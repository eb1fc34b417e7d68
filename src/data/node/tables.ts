import type { Activity } from '../../base/index.js';
import type { DataSource, Dataset } from '../dataset.js';
import { keepAsTest, type PartName } from '../formats/arrays.js';
import { type CsvTable, parseCsv } from '../formats/csv.js';
import { classesOf, numberLabels } from '../formats/labels.js';
import { arrayDataset } from '../memory.js';
import { readContent } from './files.js';
import type { OpenOptions } from './options.js';

/** Tables as one source: a single one as `train`, or one for each part. The training table's labels name the classes. */
export async function openTables(
  paths: Partial<Record<PartName, string>>,
  name: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const found: Partial<Record<PartName, Dataset>> = {};
  let { classes } = options;
  for (const part of ['train', 'validation', 'test'] as const) {
    const path = paths[part];
    if (path === undefined) continue;
    const label = options.labelled === false ? false : options.label;
    const table = parseCsv(await readContent(path, options.maxUnpacked), path, { label, header: options.header });
    const { labels, labelColumn, header } = table;
    if (labels) {
      const column = header ? `column "${header[labelColumn as number]}"` : `column ${labelColumn}`;
      activity.onMessage?.({ level: 'info', text: `${path}: the labels are taken from ${column}.` });
    }
    classes ??= labels && classesOf(labels, path);
    found[part] = tableDataset(table, path, classes);
  }
  const { train, ...others } = keepAsTest(found);
  return { name, format: 'table', train: train as Dataset, ...others, close: async () => undefined };
}

function tableDataset({ features, labels }: CsvTable, path: string, classes: readonly string[] | undefined): Dataset {
  const numbered = labels && classes && { labels: numberLabels(labels, classes, path), classes };
  return arrayDataset({ name: path, inputs: { features }, ...numbered });
}
