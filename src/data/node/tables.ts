import type { Activity } from '../../base/index.js';
import type { DataSource, Dataset } from '../dataset.js';
import { keepAsTest, type PartName } from '../formats/arrays.js';
import { type CsvTable, parseCsv } from '../formats/csv.js';
import { type TargetOptions, targetsFromTexts } from '../formats/labels.js';
import { arrayDataset } from '../memory.js';
import type { Targets } from '../targets.js';
import { readContent } from './files.js';
import type { OpenOptions } from './options.js';

/** Tables as one source: a single one as `train`, or one for each part. The training table says what the targets are. */
export async function openTables(
  paths: Partial<Record<PartName, string>>,
  name: string,
  options: OpenOptions,
  activity: Activity,
): Promise<DataSource> {
  const found: Partial<Record<PartName, Dataset>> = {};
  let like: Targets | undefined;
  for (const part of ['train', 'validation', 'test'] as const) {
    const path = paths[part];
    if (path === undefined) continue;
    const label = options.labelled === false ? false : options.label;
    const table = parseCsv(await readContent(path, options.maxUnpacked), path, { label, header: options.header });
    const { labels, labelColumn, header } = table;
    if (labels) {
      const column = header ? `column "${header[labelColumn as number]}"` : `column ${labelColumn}`;
      activity.onMessage?.({ level: 'info', text: `${path}: the targets are taken from ${column}.` });
    }
    found[part] = tableDataset(table, path, { ...options, like });
    like ??= found[part].targets;
  }
  const { train, ...others } = keepAsTest(found);
  return { name, format: 'table', train: train as Dataset, ...others, close: async () => undefined };
}

function tableDataset({ features, labels, header, labelColumn }: CsvTable, path: string, options: TargetOptions): Dataset {
  const targets = labels && targetsFromTexts(labels, path, options, header?.[labelColumn as number]);
  return arrayDataset({ name: path, inputs: { features }, ...(targets && { targets }) });
}
