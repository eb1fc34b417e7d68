import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../../base/index.js';
import type { SampleData } from './sample-data.js';

const SUBJECTS = [
  'the story',
  'the acting',
  'this film',
  'the ending',
  'the dialogue',
  'the camera work',
  'the music',
  'every scene',
  'the first hour',
  'the whole thing',
];
const GOOD = [
  'moving',
  'clever',
  'a delight',
  'warm and funny',
  'beautifully made',
  'gripping',
  'fresh',
  'charming',
  'worth every minute',
  'full of life',
];
const BAD = [
  'dull',
  'a mess',
  'tedious',
  'badly written',
  'lifeless',
  'far too long',
  'clumsy',
  'stale',
  'a waste of time',
  'hard to sit through',
];
const ASIDES = [
  'to be honest',
  'in the end',
  'as far as i can tell',
  'at least for me',
  'somehow',
  'from start to finish',
  'once again',
  'on a rainy evening',
];
const EACH = 300;

/** Short made-up reviews, a file of lines for each class. */
export const textSample: SampleData = {
  name: 'text',
  summary: '600 short film reviews, one a line, in positive.txt and negative.txt (made up)',
  async write(folder) {
    for (const [name, own, other] of [
      ['positive', GOOD, BAD],
      ['negative', BAD, GOOD],
    ] as const) {
      const random = new Random(name);
      const lines = Array.from({ length: EACH }, () => review(random, own, other));
      await writeFile(join(folder, `${name}.txt`), `${lines.join('\n')}\n`);
    }
  },
};

function review(random: Random, own: readonly string[], other: readonly string[]): string {
  const [subject, second, aside] = [random.pick(SUBJECTS), random.pick(SUBJECTS), random.pick(ASIDES)];
  switch (random.integer(4)) {
    case 0:
      return `${subject} is ${random.pick(own)} , ${aside} .`;
    case 1:
      return `${subject} is not ${random.pick(other)} at all : it is ${random.pick(own)} .`;
    case 2:
      return `${aside} , ${subject} is ${random.pick(own)} and ${second} is ${random.pick(own)} .`;
    default:
      return `${subject} may be ${random.pick(other)} , but ${aside} ${second} is ${random.pick(own)} , and that is what counts .`;
  }
}
