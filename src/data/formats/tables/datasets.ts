import { type Activity, DataError, Sha256 } from '../../../base/index.js';
import type { ColumnSpec, Dataset } from '../../dataset.js';
import { arrayDataset } from '../../memory.js';
import { textDataset } from '../../ragged.js';
import type { Targets } from '../../targets.js';
import { keepAsTest, type PartName } from '../arrays.js';
import { listed } from '../labels.js';
import { type Column, type Table, textsOf } from './column.js';
import { featureSpec, isFreeText, tableFeatures } from './features.js';
import { doubtfulTargets, findColumns, splitNames, type TableTargetOptions, tableTargets, targetColumns } from './targets.js';

/** How a table is read. */
export interface TableOptions extends TableTargetOptions {
  /** false reads every column as a feature. Default: true. */
  labelled?: boolean;
  /** The columns that are features, by name or number. Default: all that are not targets. */
  columns?: readonly string[];
  /** Names of the features in a trained model's order: tables that name their columns are read in it. Default: the training part's. */
  order?: readonly string[];
  /** Categories of columns by their names, as a trained model knows them. Default: found in the training part. */
  categories?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Tables as data sets, one for each part: of numbers and categories, or of texts where the only feature is a column of texts. The training table says
 * what the targets, the categories and the columns are.
 * @throws DataError, OptionError as `tableTargets` and `tableFeatures` do.
 */
export function datasetsFromTables(
  tables: Partial<Record<PartName, Table>>,
  options: TableOptions,
  activity: Activity = {},
): Partial<Record<PartName, Dataset>> {
  const found: Partial<Record<PartName, Dataset>> = {};
  let like: { targets?: Targets; columns?: readonly ColumnSpec[]; text?: boolean; label?: string; order?: readonly string[] } = {
    order: options.order,
  };
  for (const part of ['train', 'validation', 'test'] as const) {
    const table = tables[part];
    if (!table) continue;
    const say = (text: string) => activity.onMessage?.({ level: 'info', text: `${table.where}: ${text}.` });
    const targetOf = options.labelled === false ? [] : targetColumns(table, options.label ?? like.label, like.order);
    const features = featureColumns(table, targetOf, options.columns, like.order);
    const targets = targetOf.length > 0 ? tableTargets(targetOf, table.where, { ...options, like: like.targets }) : undefined;
    if (targets)
      say(`the targets are taken from ${columnWords(targetOf, table.named)}${targets.kind === 'numbers' ? ', as numbers to predict' : ''}`);
    const doubtful = options.label === undefined && targetOf.length === 1 ? doubtfulTargets(table) : [];
    if (targetOf[0] === doubtful.at(-1) && doubtful.length > 0)
      say(`${columnWords(doubtful, true)} are zeros and ones: --label ${quoted(doubtful)} takes all of them as targets`);
    const [only] = features;
    const isText = like.text ?? (features.length === 1 && isFreeText(only, table.rows));
    if (isText && only.kind === 'texts') {
      found[part] = textDataset(table.where, textsOf(only), targets);
      like = { ...like, text: true };
    } else {
      const known = like.columns ?? givenCategories(features, options.categories);
      const read = tableFeatures(features, table, known);
      for (const remark of read.remarks) say(remark);
      found[part] = featureDataset(table, read, targets);
      like = { ...like, columns: read.columns, text: false };
    }
    like.targets ??= targets;
    if (table.named) {
      like.order ??= features.map(({ name }) => name);
      like.label ??= targetOf.length > 0 ? targetOf.map(({ name }) => name).join(',') : undefined;
    }
  }
  return keepAsTest(found);
}

function featureColumns(
  table: Table,
  targets: readonly Column[],
  wanted: readonly string[] | undefined,
  order: readonly string[] | undefined,
): Column[] {
  const others = table.columns.filter((column) => !targets.includes(column));
  if (wanted)
    return findColumns(
      table,
      wanted.flatMap((name) => splitNames(name, table.columns)),
      'feature',
    );
  if (!order || !table.named) return others;
  const ordered = order.map((name) => others.find((column) => column.name === name));
  const missing = order.filter((_, i) => !ordered[i]);
  if (missing.length === 0) return ordered as Column[];
  throw new DataError({
    what: `${missing.length > 1 ? 'Columns' : 'Column'} "${missing.join('", "')}" ${missing.length > 1 ? 'are' : 'is'} missing`,
    where: table.where,
    expected: listed(order),
    got: listed(others.map(({ name }) => name)),
    fix: 'Give the table these columns; where others stand for them, name all features in this order (--columns)',
  });
}

/** What is known of columns of which a model has categories; nothing where it has none. */
function givenCategories(columns: readonly Column[], categories: TableOptions['categories']): ColumnSpec[] | undefined {
  if (!categories || !columns.every(({ name, kind }) => kind === 'numbers' || Object.hasOwn(categories, name))) return undefined;
  return columns.map(({ name, kind }) => (kind === 'numbers' ? { name } : { name, categories: categories[name] }));
}

function featureDataset({ where, named }: Table, read: ReturnType<typeof tableFeatures>, targets: Targets | undefined): Dataset {
  const spec = featureSpec(read, named);
  const dataset = arrayDataset({ name: where, inputs: { features: read.tensor }, kinds: { features: spec }, ...(targets && { targets }) });
  if (!spec.columns) return dataset;
  return { ...dataset, fingerprint: new Sha256().update(`${dataset.fingerprint}\n${JSON.stringify(spec.columns)}`).hex() };
}

/** Columns as the command line takes them. */
function quoted(columns: readonly Column[]): string {
  const text = columns.map(({ name }) => name).join(',');
  return /^[\w,.-]+$/.test(text) ? text : `"${text}"`;
}

function columnWords(columns: readonly Column[], named: boolean): string {
  const names = columns.map(({ name }) => (named ? `"${name}"` : name)).join(', ');
  return `${columns.length > 1 ? 'columns' : 'column'} ${names}`;
}
