import { formatBytes, type LimitName } from '../../../../report/info/index.js';
import type { StartRun } from '../../../api/index.js';
import { limitFields, parseTime } from '../../../view/index.js';
import type { UploadFile } from '../../api/upload.js';

/** A run that is not begun: what was typed and chosen. */
export interface Draft {
  readonly name: string;
  readonly from: 'file' | 'architecture';
  /** The model's file, and those beside it that hold its weights. */
  readonly model: readonly UploadFile[];
  readonly architecture: string;
  readonly data: 'files' | 'dataset';
  readonly files: readonly UploadFile[];
  readonly dataset: string;
  readonly limits: Readonly<Partial<Record<LimitName, string>>>;
  readonly trials: string;
  readonly budget: string;
  readonly jobs: string;
  /** The language that models are compiled to; empty for none. */
  readonly target: NonNullable<StartRun['target']> | '';
}

export const firstDraft: Draft = {
  name: '',
  from: 'file',
  model: [],
  architecture: '',
  data: 'files',
  files: [],
  dataset: '',
  limits: {},
  trials: '',
  budget: '',
  jobs: '',
  target: '',
};

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const MODEL = /\.(onnx|tflite)$/i;

export function isModel({ path }: UploadFile): boolean {
  return MODEL.test(path);
}

/** What is missing or cannot be, in words. */
export function problemsOf(draft: Draft, maxUpload: number): string[] {
  const found: string[] = [];
  if (draft.from === 'file' && !draft.model.some(isModel)) found.push('Choose a model: a file that ends in .onnx or .tflite.');
  if (draft.from === 'architecture' && draft.architecture === '') found.push('Choose an architecture.');
  if (draft.data === 'files' && draft.files.length === 0) found.push('Choose data: a folder or files.');
  if (draft.data === 'dataset' && draft.dataset === '') found.push('Choose a data set.');
  for (const [what, files] of [
    ['model', draft.from === 'file' ? draft.model : []],
    ['data', draft.data === 'files' ? draft.files : []],
  ] as const) {
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    if (bytes > maxUpload)
      found.push(`The ${what}: ${formatBytes(bytes)} are more than the ${formatBytes(maxUpload)} that this studio takes.`);
  }
  if (!NAME.test(nameOf(draft))) found.push('Give the run a name of letters, digits, - and _, a letter or digit first.');
  if (draft.trials.trim() !== '' && countOf(draft.trials) === undefined) found.push('Trials: a whole number of at least 1.');
  if (draft.jobs.trim() !== '' && countOf(draft.jobs) === undefined) found.push('Side by side: a whole number of at least 1.');
  if (draft.budget.trim() !== '' && parseTime(draft.budget) === undefined) found.push('Time at most: something like 30 min.');
  for (const { name, label, parse, example } of limitFields()) {
    const text = draft.limits[name]?.trim() ?? '';
    if (text !== '' && parse(text) === undefined) found.push(`${label}: something like ${example}.`);
  }
  return found;
}

/** The name that was given, or the model's. */
export function nameOf({ name, from, model, architecture }: Draft): string {
  if (name.trim() !== '') return name.trim();
  const file = model.find(isModel)?.path.split('/').at(-1)?.replace(MODEL, '');
  return ((from === 'file' ? file : architecture) ?? '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 64);
}

/** @param model @param data ids of uploads. */
export function startOf(draft: Draft, model: string | undefined, data: string | undefined): StartRun {
  const path = draft.model.find(isModel)?.path ?? '';
  const limits = Object.fromEntries(
    limitFields().flatMap(({ name, parse }) => {
      const text = draft.limits[name]?.trim() ?? '';
      const value = text === '' ? undefined : parse(text);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const [trials, jobs, budget] = [countOf(draft.trials), countOf(draft.jobs), parseTime(draft.budget)];
  return {
    name: nameOf(draft),
    model: model === undefined ? { architecture: draft.architecture } : { upload: model, path },
    data: data === undefined ? { name: draft.dataset } : { upload: data },
    ...(trials !== undefined && { trials }),
    ...(jobs !== undefined && { jobs }),
    ...(draft.target !== '' && { target: draft.target }),
    ...(budget !== undefined && { budget }),
    ...(Object.keys(limits).length > 0 && { limits }),
  };
}

function countOf(text: string): number | undefined {
  const count = Number(text.trim() || Number.NaN);
  return Number.isInteger(count) && count >= 1 ? count : undefined;
}
