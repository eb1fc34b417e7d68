import { readFileSync } from 'node:fs';
import { crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Random } from 'espalier/base';
import { fixture } from '../paths.js';
import { damage, oddNames, oddNumbers } from './odd.js';

/** A file of data, and what was done to it. */
export interface DataFile {
  name: string;
  bytes: Uint8Array;
  what: string;
}

const concat = (...parts: readonly (Uint8Array | string)[]) =>
  Uint8Array.from(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))));

/** Either the honest value or, now and then, an odd one. */
function maybe<T>(random: Random, honest: T, ...odd: readonly T[]): T {
  return random.uniform() < 0.25 ? random.pick(odd) : honest;
}

const odd = (random: Random) => Number(random.pick(oddNumbers));
const dims = (random: Random, honest: readonly number[]) =>
  honest.map((dim) => maybe(random, dim, odd(random))).slice(0, maybe(random, honest.length, 0, 1));

export function npy(random: Random, honest: readonly number[] = [6, 4]): Uint8Array {
  const type = maybe(random, '<f4', '|u1', '>f8', '<constructor', '<toString', '<__proto__', '|O', '<i8', '<U7', '');
  const shape = dims(random, honest);
  const fortran = maybe(random, 'False', 'True', 'Maybe');
  const text = `{'descr': '${type}', 'fortran_order': ${fortran}, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const head = Buffer.from(`${text.padEnd(117)}\n`, 'latin1');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(maybe(random, head.length, 0, 65_535));
  const size = maybe(random, honest.reduce((a, b) => a * b, 1) * 4, 0, 3, 4096);
  return concat('\x93NUMPY', Uint8Array.of(maybe(random, 1, 0, 2, 255), 0), length, head, new Uint8Array(size));
}

/** A ZIP archive with right checksums, whatever else is wrong with it. */
export function zip(random: Random, entries: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const [bodies, directory]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  for (const [name, bytes] of entries) {
    const packed = deflateRawSync(bytes);
    const label = Buffer.from(name, 'utf8');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(maybe(random, 8, 0, 12, 99), 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(maybe(random, packed.length, 0, 2 ** 31), 14);
    common.writeUInt32LE(maybe(random, bytes.length, 0, 1, 2 ** 27, 2 ** 31, 2 ** 32 - 1), 18);
    common.writeUInt16LE(label.length, 22);
    const local = concat('PK\x03\x04', common, label, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(maybe(random, at, 0, 2 ** 31), 10);
    directory.push(concat('PK\x01\x02', Uint8Array.of(20, 0), common, tail, label));
    bodies.push(local);
    at += local.length;
  }
  const index = concat(...directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(maybe(random, entries.length, 0, 65_535), 4);
  end.writeUInt16LE(maybe(random, entries.length, 0, 65_535), 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(maybe(random, at, 0, 2 ** 31, 2 ** 32 - 1), 12);
  return concat(...bodies, index, 'PK\x05\x06', end);
}

function npz(random: Random): Uint8Array {
  const names = ['x', 'y', 'x_train', 'y_train', 'x_test', ...oddNames];
  const entries = Array.from({ length: 1 + random.integer(4) }, () => {
    const name = maybe(random, 'x', ...names);
    return [`${name}.npy`, random.uniform() < 0.02 ? new Uint8Array(3e7) : npy(random, [6, 4])] as const;
  });
  return zip(random, entries);
}

/** A header of a tar archive with a right checksum. */
function tarHeader(random: Random, name: string, size: number, type: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0, 'utf8');
  header.write('0000644\0', 100, 'latin1');
  const octal = `${Math.max(0, size).toString(8).padStart(11, '0')}\0`;
  const text = maybe(random, octal, '-0000000512\0', '77777777777\0', 'not a size\0\0', '           \0', '00000001000\0', '-1\0');
  header.write(text.slice(0, 12), 124, 'latin1');
  if (random.uniform() < 0.05) header.fill(random.pick([0xff, 0x80]), 124, 136);
  header.write(type, 156, 'latin1');
  header.write(maybe(random, 'ustar\x0000', 'ustar  \0', ''), 257, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function pax(random: Random): string {
  const record = maybe(random, 'path=cat/0.png', 'size=-512', 'size=1e300', 'size=NaN', 'size=', 'path=', 'GNU.sparse.size=9', 'path=\0');
  const body = ` ${record}\n`;
  const length = body.length + String(body.length + 2).length;
  return `${maybe(random, length, 0, -5, 1, 1e9)}${body}`;
}

function tar(random: Random, files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (name: string, bytes: Uint8Array, type: string) =>
    parts.push(tarHeader(random, name, bytes.length, type), bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));
  for (const [name, bytes] of files) {
    if (random.uniform() < 0.3) add('pax', Buffer.from(pax(random), 'latin1'), random.pick(['x', 'x', 'g', 'L', 'K']));
    add(maybe(random, name, ...oddNames, `../${name}`, `/${name}`), bytes, maybe(random, '0', '1', '2', '3', '5', '7', 'S', 'V', '\xff'));
  }
  if (random.uniform() < 0.8) parts.push(new Uint8Array(1024));
  return concat(...parts);
}

/** A PNG with right checksums, whatever its header says. */
export function png(random: Random): Uint8Array {
  const chunk = (type: string, bytes: Uint8Array) => {
    const body = concat(type, bytes);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(maybe(random, bytes.length, 0, 2 ** 31));
    sum.writeUInt32BE(crc32(body));
    return concat(length, body, sum);
  };
  const header = Buffer.alloc(13);
  const side = () => maybe(random, 8, 0, 1, 30_000, 65_535, 2 ** 31 - 1);
  header.writeUInt32BE(side(), 0);
  header.writeUInt32BE(side(), 4);
  header.set([maybe(random, 8, 0, 16, 255), maybe(random, 2, 0, 3, 6, 9), 0, 0, maybe(random, 0, 1)], 8);
  const rows = deflateSync(new Uint8Array(8 * 25).fill(random.integer(200)));
  return concat('\x89PNG\r\n\x1a\n', chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', new Uint8Array(0)));
}

const photos = (random: Random) => ['cat/0', 'cat/1', 'dog/0', 'dog/1'].map((name) => [`${name}.png`, png(random)] as const);

function idx(random: Random): Uint8Array {
  const shape = dims(random, [5, 6, 7]);
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, maybe(random, 8, 0, 7, 13, 14, 255), maybe(random, shape.length, 0, 255)]);
  shape.forEach((dim, axis) => {
    head.writeUInt32BE(Math.abs(dim) % 2 ** 32, 4 + 4 * axis);
  });
  return concat(head, new Uint8Array(maybe(random, 210, 0, 211, 9000)));
}

function csv(random: Random): Uint8Array {
  const cell = () => maybe(random, String(random.integer(100)), '"', '""', '"a,b"', '"a\nb"', '', 'NaN', '1e999', ...oddNames);
  const rows = Array.from({ length: 1 + random.integer(30) }, () =>
    Array.from({ length: maybe(random, 4, 1, 5) }, cell).join(maybe(random, ',', ';', '\t')),
  );
  const head = random.uniform() < 0.5 ? [maybe(random, 'a,b,c,label', '__proto__,b,c,constructor', '"a')] : [];
  return concat(Buffer.from([...head, ...rows].join(maybe(random, '\n', '\r\n', '\r')), 'utf8'));
}

function records(random: Random): string[] {
  const value = () =>
    random.pick<unknown>([
      random.integer(9),
      'a',
      null,
      true,
      [],
      ['x', 'y'],
      [1],
      {},
      [[1]],
      1e308,
      ...oddNames,
      ...oddNumbers.map(String),
    ]);
  const keys = ['a', 'b', maybe(random, 'text', ...oddNames), maybe(random, 'label', '__proto__', 'tags')];
  return Array.from({ length: 1 + random.integer(20) }, () =>
    JSON.stringify(
      Object.fromEntries(keys.filter(() => random.uniform() < 0.9).map((key) => [key, maybe(random, random.integer(3), value())])),
    ),
  );
}

/** A RIFF file of 16-bit samples, whatever its chunks say. */
function wav(random: Random): Uint8Array {
  const chunk = (type: string, bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(maybe(random, bytes.length, 0, 1, 2 ** 31, 2 ** 32 - 1));
    return concat(maybe(random, type, 'LIST', 'data'), length, bytes);
  };
  const format = Buffer.alloc(maybe(random, 16, 0, 15, 18, 40));
  const fields = [maybe(random, 1, 0, 3, 6, 0xfffe), maybe(random, 1, 0, 2, 65_535), 8000, 16_000];
  const rate = maybe(random, fields[2], 0, 1, 2 ** 32 - 1);
  if (format.length >= 16) {
    format.writeUInt16LE(fields[0], 0);
    format.writeUInt16LE(fields[1], 2);
    format.writeUInt32LE(rate, 4);
    format.writeUInt32LE(fields[3], 8);
    format.writeUInt16LE(2, 12);
    format.writeUInt16LE(maybe(random, 16, 0, 8, 24, 64), 14);
  }
  const samples = new Uint8Array(maybe(random, 800, 0, 1, 801)).map(() => random.integer(256));
  return concat('RIFF', Uint8Array.of(0, 0, 0, 0), 'WAVE', chunk('fmt ', format), chunk('data', samples));
}

const sounds = (random: Random) => ['no/0', 'no/1', 'yes/0', 'yes/1'].map((name) => [`${name}.wav`, wav(random)] as const);

/** Boxes of two images as COCO has them. */
function coco(random: Random): Uint8Array {
  const number = (honest: number) => maybe<number | string | null>(random, honest, ...oddNumbers.map(Number), 'x', null);
  const document = {
    images: [0, 1].map((id) => ({ id: number(id), file_name: maybe<unknown>(random, `${id}.png`, '../0.png', 7), width: 8, height: 8 })),
    annotations: [0, 1, 2].map((id) => ({
      id,
      image_id: number(id % 2),
      category_id: number(1),
      bbox: maybe<unknown>(random, [number(1), number(1), number(3), number(3)], [], 'x', [1, 2]),
      iscrowd: maybe<unknown>(random, 0, 1, 'yes'),
    })),
    categories: maybe<unknown>(random, [{ id: 1, name: maybe<unknown>(random, 'cat', ...oddNames, 3) }], [], {}, null),
  };
  return Buffer.from(JSON.stringify(maybe<unknown>(random, document, [], null, { images: document.images })));
}

const labelled = (random: Random) => [
  ...['0', '1'].map((name) => [`${name}.png`, png(random)] as const),
  ['annotations.json', coco(random)] as const,
];

/** Files that ask for much more than they are. */
const bombs: Readonly<Record<string, (random: Random) => DataFile>> = {
  'a gzip bomb': (random) => {
    const bytes = gzipSync(new Uint8Array(random.pick([1e6, 3e8])), { level: 1 });
    return { name: random.pick(['train-images-idx3-ubyte.gz', 'bomb.csv.gz', 'bomb.npz', 'bomb.npy', 'bomb.tar.gz']), bytes, what: '' };
  },
  'a quote that is never closed': () => ({
    name: 'open.csv',
    bytes: concat('a,b,label\n1,"2,0\n', '1,2,0\n'.repeat(300_000)),
    what: '',
  }),
  'many columns': () => ({ name: 'wide.csv', bytes: concat('1,'.repeat(400_000), '1\n'), what: '' }),
  'lines that each bring another key': () => ({
    name: 'keys.jsonl',
    bytes: concat(...Array.from({ length: 50_000 }, (_, i) => `{"k${i}":1,"label":${i % 2}}\n`)),
    what: '',
  }),
  'an archive of bombs': (random) => ({
    name: 'bomb.npz',
    bytes: zip(
      random,
      Array.from({ length: 4 }, (_, i) => [`x${i}.npy`, new Uint8Array(6e7)] as const),
    ),
    what: '',
  }),
};

const kinds: Readonly<Record<string, (random: Random) => { name: string; bytes: Uint8Array }>> = {
  tar: (random) => ({ name: 'data.tar', bytes: tar(random, photos(random)) }),
  'tar.gz': (random) => ({ name: 'data.tar.gz', bytes: gzipSync(tar(random, photos(random))) }),
  npy: (random) => ({ name: 'data.npy', bytes: npy(random) }),
  npz: (random) => ({ name: 'data.npz', bytes: npz(random) }),
  idx: (random) => ({ name: 'train-images-idx3-ubyte', bytes: idx(random) }),
  'idx.gz': (random) => ({ name: 'train-images-idx3-ubyte.gz', bytes: gzipSync(idx(random)) }),
  csv: (random) => ({ name: 'data.csv', bytes: csv(random) }),
  jsonl: (random) => ({ name: 'data.jsonl', bytes: Buffer.from(records(random).join(maybe(random, '\n', '\r\n', ',', ''))) }),
  json: (random) => ({ name: 'data.json', bytes: Buffer.from(`[${records(random).join(maybe(random, ',', '\n', ''))}]`) }),
  parquet: (random) => ({
    name: 'data.parquet',
    bytes: damage(readFileSync(fixture('tables', random.pick(['people-snappy.parquet', 'people-gzip.parquet']))), random),
  }),
  sounds: (random) => ({ name: 'sounds.tar', bytes: tar(random, sounds(random)) }),
  boxes: (random) => ({ name: 'boxes.tar', bytes: tar(random, labelled(random)) }),
};

/** A file of data of any form that is read, with something wrong in it more often than not. */
export function mutatedData(random: Random): DataFile {
  if (random.uniform() < 0.002) {
    const what = random.pick(Object.keys(bombs));
    return { ...bombs[what](random), what };
  }
  const what = random.pick(Object.keys(kinds));
  const { name, bytes } = kinds[what](random);
  return random.uniform() < 0.2 ? { name, bytes: damage(bytes, random), what: `${what}, bytes` } : { name, bytes, what };
}
