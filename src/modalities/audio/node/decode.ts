import { createHash } from 'node:crypto';
import { type Activity, type Message, Stopped } from '../../../base/index.js';
import {
  CacheWriter,
  checkUnreadable,
  type FilePart,
  type KeptPart,
  mapInOrder,
  type OpenOptions,
  PartCollector,
  type TreeFile,
} from '../../../data/node/index.js';
import { decodeSound, mixDown, type Sound } from '../formats/index.js';
import { type Resampler, resampler } from '../resample.js';

/** Goes up when the same files would decode or be described differently, so that older caches are not used. */
export const VERSION = 2;

/** Files that are read ahead. */
const READ_AHEAD = 8;

/** What a cache file says of its sounds, which lie in it as float32 one after the other, part by part in this order. */
export interface Description {
  form: 'sounds';
  version: number;
  stamp: string;
  sampleRate: number;
  parts: (KeptPart & { lengths: number[] })[];
  /** What there is to say of the files. */
  remarks: Pick<Message, 'level' | 'text'>[];
}

interface Request {
  layout: Readonly<Record<string, FilePart>>;
  /** Of the cache file. */
  path: string;
  stamp: string;
  where: string;
}

/** Decodes all sounds to one channel at one rate and writes them to the cache file. */
export async function decodeSounds(request: Request, options: OpenOptions, activity: Activity): Promise<Description> {
  const writer = await CacheWriter.open(request.path);
  try {
    const description = await decodeAll(request, writer, options, activity);
    await writer.finish(description);
    return description;
  } catch (cause) {
    await writer.abandon();
    throw cause;
  }
}

async function decodeAll(
  { layout, stamp, where }: Request,
  writer: CacheWriter,
  options: OpenOptions,
  activity: Activity,
): Promise<Description> {
  const parts = Object.entries(layout).map(([name, part]) => ({
    collector: new PartCollector(name as KeptPart['name'], part, 'sound', options.labelled === false),
    lengths: [] as number[],
  }));
  const items = Object.values(layout).flatMap(({ files }, part) => files.map((file, place) => ({ part, place, file })));
  const files: Files = { unreadable: [], cut: [], resampled: 0 };
  const rates = new Map<number, Resampler>();
  let rate = options.sampleRate;
  let done = 0;
  for await (const { part, place, file, sound, digest } of mapInOrder(items, READ_AHEAD, (item) => decodeFile(item, where))) {
    if (activity.signal?.aborted) throw new Stopped({ what: 'Decoding sounds was stopped', where });
    if (++done % 100 === 0 || done === items.length) activity.onProgress?.({ task: 'decode', done, total: items.length });
    if (!sound) {
      files.unreadable.push(file.path);
      continue;
    }
    rate ??= sound.sampleRate;
    if (sound.isCut) files.cut.push(file.path);
    if (sound.sampleRate !== rate) files.resampled++;
    const change = rates.get(sound.sampleRate) ?? resampler(sound.sampleRate, rate);
    rates.set(sound.sampleRate, change);
    const samples = change.run(mixDown(sound));
    parts[part].collector.add({ place, digest });
    parts[part].lengths.push(samples.length);
    await writer.write(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  }
  checkUnreadable(files.unreadable, items.length, options.maxUnreadable ?? 0.1, where, 'sound');
  const sampleRate = rate as number;
  const kept = parts.map(({ collector, lengths }) => ({ ...collector.finish(`${sampleRate} Hz`, where), lengths }));
  return { form: 'sounds', version: VERSION, stamp, sampleRate, parts: kept, remarks: remarksOf(files, sampleRate) };
}

/** What was found of the files. */
interface Files {
  unreadable: string[];
  cut: string[];
  resampled: number;
}

async function decodeFile<T extends { file: TreeFile }>(item: T, where: string): Promise<T & { sound?: Sound; digest?: string }> {
  try {
    const bytes = await item.file.read();
    const sound = decodeSound(bytes, `${where}, ${item.file.path}`);
    return { ...item, sound, digest: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    return item;
  }
}

function remarksOf({ unreadable, cut, resampled }: Files, sampleRate: number): Description['remarks'] {
  const some = (names: readonly string[]) => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  const remarks: Description['remarks'] = [];
  if (unreadable.length > 0)
    remarks.push({ level: 'warning', text: `${unreadable.length} sound(s) could not be read and are left out: ${some(unreadable)}.` });
  if (cut.length > 0)
    remarks.push({
      level: 'warning',
      text: `${cut.length} file(s) end before the end that they announce; what is there is used: ${some(cut)}.`,
    });
  if (resampled > 0) remarks.push({ level: 'info', text: `${resampled} sound(s) are brought to ${sampleRate} Hz.` });
  return remarks;
}
