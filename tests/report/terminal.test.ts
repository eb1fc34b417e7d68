import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frontTable } from 'espalier/report/render';
import { bareRun, digitsRun, emptyFrontRun, fidelityRun, hostileRun, singleRun } from '../fixtures/report/samples.js';

const runs = { digitsRun, fidelityRun, emptyFrontRun, singleRun, bareRun, hostileRun };

test('warnings come first, then the sentence, then the table', () => {
  const blocks = frontTable(digitsRun(), { width: 160 }).split('\n\n');
  assert.match(blocks[0], /^! 2 trials failed/);
  assert.match(blocks[1], /^Best within 1 point: 15x smaller/);
  const table = blocks[2].split('\n');
  assert.match(table[0], /^# +model +accuracy \(test\) +change +95% interval +size +smaller +MACs +fewer +latency +faster/);
  assert.equal(table.length, 2 + 7);
  assert.match(table[3], /^1 +prune keep 0\.7 \+ quantize static min-max +98\.9% +\+0\.3 +97\.2 to 99\.6% +262 KB +5\.5x +4\.72 M +2\.0x/);
  assert.match(blocks[3], /^Accuracy \(validation\) against file size \(logarithmic/);
});

test('columns line up', () => {
  const table = frontTable(digitsRun(), { width: 160, scatter: false }).split('\n\n')[2].split('\n');
  const end = table[0].indexOf('size') + 'size'.length;
  for (const line of table.slice(2)) assert.match(line.slice(0, end), / [\d.]+ [KM]B$/);
});

test('no line is wider than the terminal, whatever it is', () => {
  for (const [name, run] of Object.entries(runs)) {
    if (name === 'hostileRun') continue;
    for (const width of [64, 80, 100, 160]) {
      for (const line of frontTable(run(), { width, all: true }).split('\n'))
        assert.ok([...line].length <= width, `${name} at ${width}: ${line}`);
    }
  }
});

test('colours only when asked, and no escape sequences from names', () => {
  assert.ok(frontTable(digitsRun(), { color: true }).includes('\u001b[32m'));
  const text = frontTable({ ...hostileRun(), name: '\u001b[2J', remarks: ['\u001b]0;title\u0007', 'two\nlines'] }, { all: true });
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
  assert.ok(text.includes('two lines'));
});

test('with all models, qualities of one part only are in one column', () => {
  const text = frontTable(digitsRun(), { all: true, width: 220 });
  assert.match(text, /accuracy \(validation\)/);
  assert.doesNotMatch(text, /accuracy \(test\)/);
  assert.match(text, /\(breaks max-drop\)/);
});

test('the picture has every key of the front and says what lies outside', () => {
  const picture = frontTable(digitsRun()).split('\n\n')[3];
  for (const key of ['1', '4', '5', '6', 'o']) assert.match(picture, new RegExp(`[│┤].*${key}`));
  assert.match(picture, /1 model beyond the axes, drawn at the edge$/);
});

test('an empty front and an empty run say what happened', () => {
  assert.match(frontTable(emptyFrontRun()), /No model beat the original: of 6 models/);
  assert.match(frontTable(bareRun()), /did not finish[\s\S]*No model was made/);
});
