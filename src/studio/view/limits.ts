import { BYTE_UNITS, COUNT_UNITS, parseQuantity, type Units } from '../../base/index.js';
import { type LimitKind, type LimitName, limitFacts, limitText, significant, unitOf } from '../../report/info/index.js';

/** A limit that can be set in the page. */
export interface LimitField {
  readonly name: LimitName;
  readonly label: string;
  /** What may be typed, e.g. "100 KB". */
  readonly example: string;
  /** The value as it is typed. */
  text(value: number): string;
  /** @returns undefined for what is no such quantity. */
  parse(text: string): number | undefined;
}

const MILLISECONDS = { '': 1, ms: 1, s: 1000 };
const MINUTES = { '': 60_000, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const POINTS = { '': 1, point: 1, points: 1 };
const SHARE = { '': 1, '%': 0.01 };
const UNITS: Readonly<Record<LimitKind, Units>> = {
  bytes: BYTE_UNITS,
  count: COUNT_UNITS,
  milliseconds: MILLISECONDS,
  loss: POINTS,
  quality: SHARE,
};

const EXAMPLES: Readonly<Partial<Record<LimitName, string>>> = {
  maxSize: '100 KB',
  maxMacs: '12 M',
  maxLatency: '5 ms',
  maxMemory: '256 KB',
  maxRam: '64 KB',
  maxFlash: '256 KB',
};

const positive = (value: number | undefined) => (value !== undefined && value > 0 ? value : undefined);

/** @param metric that leads the run: losses and qualities are typed as it writes them. Default, where that is not known yet: a share. */
export function limitFields(metric = 'accuracy'): LimitField[] {
  return limitFacts.map(({ name, kind, label }) => {
    const mayBeNone = kind === 'loss' || kind === 'quality';
    const units = kind === 'loss' ? { ...POINTS, [unitOf(metric)]: 1 } : UNITS[kind];
    const parse = (typed: string) => {
      const value = parseQuantity(typed, units);
      return mayBeNone ? value : positive(value);
    };
    const text = (value: number) => {
      const said = limitText(kind, value, metric);
      // Some metrics are written as nobody types: as parts of a signal.
      return parse(said) === undefined ? significant(value) : said;
    };
    return { name, label, example: EXAMPLES[name] ?? text(kind === 'loss' ? 1 : 0.95), text, parse };
  });
}

/** "30 min", "90 s" or "2 h" in milliseconds; a plain number is minutes. Undefined for anything else. */
export function parseTime(text: string): number | undefined {
  return positive(parseQuantity(text, MINUTES));
}
