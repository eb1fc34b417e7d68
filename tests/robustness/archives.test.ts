import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { EspalierError, Random } from 'espalier/base';
import { parseCsv, parseNpz } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import sharp from 'sharp';
import { type Pack, pack } from 'tar-stream';
import { npy, zip } from '../support/fuzz/data.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-archives-'));
  // What is in the temporary folder is then of these tests.
  process.env.TMPDIR = join(folder, 'temporary');
  mkdirSync(process.env.TMPDIR);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The message of Espalier's own error for a file of data; "read" where there is none. */
async function opened(name: string, bytes: Uint8Array, options: { maxUnpacked?: number } = {}): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  try {
    await (await openDataset(path, { ...options, cacheDir: join(folder, 'cache') })).close();
    return 'read';
  } catch (error) {
    assert.ok(error instanceof EspalierError, String((error as Error).stack));
    return error.message;
  }
}

async function whole(archive: Pack): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Draws nothing odd. */
const honest = new Random('honest');
honest.uniform = () => 0.9;

/** A header of a tar archive whose fields may be anything, with a right checksum. */
function header(name: string, size: string | Uint8Array, type = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 'latin1');
  if (typeof size === 'string') block.write(size, 124, 'latin1');
  else block.set(size, 124);
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return block;
}

describe('tar', () => {
  const sizes: Record<string, string | Uint8Array> = {
    'a minus sign': '-0000001000\0',
    'a text': 'nine bytes\0',
    'a negative number in base 256': new Uint8Array(12).fill(0xff),
    'more than any file in base 256': Uint8Array.of(0x80, ...new Array(11).fill(0xfe)),
  };
  for (const [name, size] of Object.entries(sizes)) {
    test(`a size that is ${name}`, async () => {
      assert.match(await opened('size.tar', Buffer.concat([header('a.png', size), Buffer.alloc(2048)])), /size of an entry at byte 0/);
    });
  }

  for (const record of ['size=-512', 'size=1e300', 'size=NaN', 'size=']) {
    test(`a pax record ${record}`, async () => {
      const body = ` ${record}\n`;
      const text = `${body.length + String(body.length + 2).length}${body}`;
      const pax = Buffer.concat([
        header('pax', `${text.length.toString(8).padStart(11, '0')}\0`, 'x'),
        Buffer.from(text.padEnd(512, '\0')),
      ]);
      const bytes = Buffer.concat([pax, header('a.png', '00000000000\0'), Buffer.alloc(1024)]);
      assert.match(await opened('pax.tar', bytes), /size of an entry at byte 1024/);
    });
  }

  test('sparse files are named, links and devices are left out', async () => {
    const empty = '00000000000\0';
    assert.match(await opened('sparse.tar', Buffer.concat([header('a.png', empty, 'S'), Buffer.alloc(1024)])), /"a\.png" is a sparse file/);
    const others = ['1', '2', '3', '4', '5', '6'].map((type) => header(`${type}.png`, empty, type));
    assert.match(await opened('links.tar', Buffer.concat([...others, Buffer.alloc(1024)])), /holds no file/);
  });

  test('names that leave the folder are only names', async () => {
    const image = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const archive = pack();
    for (const name of ['../../a/1.png', '/a/2.png', '__proto__/3.png', '__proto__/4.png', 'constructor/5.png'])
      archive.entry({ name }, image);
    archive.finalize();
    const bytes = await whole(archive);
    assert.match(await opened('names.tar', bytes), /read|none of the classes|beside/);
    for (const place of [folder, tmpdir()]) assert.ok(!readdirSync(place).includes('a'), place);
  });
});

describe('what unpacks to much more than it is', () => {
  const zeros = (megabytes: number) => gzipSync(new Uint8Array(megabytes * 1e6), { level: 9 });

  test('gzip: stopped on the way, and the message names the option that allows it', async () => {
    const before = process.memoryUsage.rss();
    assert.match(await opened('train-images-idx3-ubyte.gz', zeros(100)), /unpacks to more than 64000000 bytes.*--max-unpacked SIZE/);
    assert.ok(process.memoryUsage.rss() - before < 400e6);
    assert.match(await opened('train-images-idx3-ubyte.gz', zeros(100), { maxUnpacked: 2e8 }), /This is no IDX file/);
  });

  test('tar.gz: the limit is the disk’s, and nothing of it stays', async () => {
    assert.match(await opened('bomb.tar.gz', zeros(20), { maxUnpacked: 1e6 }), /unpacks to more than 1000000 bytes/);
    assert.deepEqual(readdirSync(tmpdir()), []);
  });

  test('npz: the sizes of all its arrays together', () => {
    const array = new Uint8Array(Buffer.concat([npy(honest, [6, 4]), new Uint8Array(3e7)]));
    const archive = zip(honest, [
      ['a.npy', array],
      ['b.npy', array],
      ['c.npy', array],
    ]);
    assert.throws(() => parseNpz(archive, 'bomb.npz'), /unpacks to more than 64000000 bytes.*--max-unpacked/);
    assert.deepEqual(Object.keys(parseNpz(archive, 'bomb.npz', 1e8)), ['a', 'b', 'c']);
  });

  test('an image of 67 million pixels in eight kilobytes, where one of a million is read', async () => {
    const images = async (side: number) => {
      const archive = pack();
      const bytes = blankPng(side);
      for (const name of ['a/1.png', 'b/2.png']) archive.entry({ name }, bytes);
      archive.finalize();
      return { bytes, archive: await whole(archive) };
    };
    const bomb = await images(8200);
    assert.ok(bomb.bytes.length < 10_000);
    assert.match(await opened('images.tar', bomb.archive), /No image can be decoded/);
    assert.equal(await opened('images.tar', (await images(1000)).archive), 'read');
  });
});

/** A black PNG of one bit a pixel. */
function blankPng(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = deflateSync(new Uint8Array(side * (1 + Math.ceil(side / 8))), { level: 9 });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', rows),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, bytes: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), bytes]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(bytes.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

describe('tables', () => {
  const table = (text: string) => parseCsv(Buffer.from(text), 'data.csv');

  test('a quote that is never closed: where it opens, in a time by the length', () => {
    const rest = '1,2,a\n'.repeat(20);
    assert.throws(() => table(`1,2,a\n"1,2,b\n${rest}`), /line 2: A quote is never closed/);
    assert.throws(() => table(`1,2,a\n1,"2,b\n${'1,2,a\n'.repeat(2e6)}`), /line 2: A quote is never closed, or a record is too long/);
  });

  test('line breaks in quotes, doubled quotes', () => {
    assert.deepEqual(table('1,2,"a ""b""\n\nc"\n3,4,d\n').labels, ['a "b"\n\nc', 'd']);
  });
});

test('arrays whose type is a property of every object, and shapes beyond numbers', async () => {
  const file = (type: string, shape: string) => {
    const text = `{'descr': '<${type}', 'fortran_order': False, 'shape': (${shape}), }\n`;
    return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.from(Uint16Array.of(text.length).buffer), Buffer.from(text)]);
  };
  await Promise.all([
    ...['constructor', 'toString', '__proto__'].map(async (type) =>
      assert.match(await opened(`${type}.npy`, file(type, '2,')), /no numbers that can be read/),
    ),
    ...['9007199254740993, 9007199254740993', '1e9', '4294967296, 4294967296'].map(async (shape, i) =>
      assert.match(await opened(`shape${i}.npy`, file('f4', shape)), /out of range|incomplete/),
    ),
  ]);
});
