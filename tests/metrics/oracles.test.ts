import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type AnyMetric, type Detection, type Metric, metricNamed, metricsOf, type TrueBox } from 'espalier/metrics';

/** What scikit-learn, pycocotools and PyTorch say; see make.py beside the fixtures. null stands for NaN. */
interface Case<Expected, Options = Record<string, unknown>, Predictions = number[], Targets = number[]> {
  name: string;
  options: Options;
  predictions: Predictions;
  targets: Targets;
  expected: Expected;
}

interface Fixture<C> {
  conventions: Record<string, unknown>;
  cases: C[];
}

function fixture<C>(name: string): Fixture<C> {
  const text = readFileSync(new URL(`../../../tests/fixtures/metrics/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text, (_, value) => (value === 'NaN' ? Number.NaN : value)) as Fixture<C>;
}

/** Metrics that a case below has asked; the last test holds that none was left out. */
const asked = new Set<string>();

function score(name: string, kind: AnyMetric['answers'], predictions: unknown, targets: unknown): number {
  const metric = metricNamed(name, kind) as Metric;
  asked.add(metric.name);
  return metric.score(predictions as never, targets as never);
}

function same(got: number, wanted: number | null, what: string, tolerance = 2e-6): void {
  if (wanted === null || Number.isNaN(wanted)) assert.ok(Number.isNaN(got), `${what}: ${got}, not NaN`);
  else if (!Number.isFinite(wanted)) assert.equal(got, wanted, what);
  else assert.ok(Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)), `${what}: ${got}, not ${wanted}`);
}

const hasNaN = (values: readonly (number | null)[]) => values.some((value) => value === null || Number.isNaN(value));
const numbers = (values: readonly (number | null)[]) => Float32Array.from(values, (value) => value ?? Number.NaN);

describe('metrics of one class a sample', () => {
  type Expected = {
    accuracy: number;
    balancedAccuracy: number;
    topK: Record<string, number>;
    macro: Record<'precision' | 'recall' | 'f1', number>;
    weighted: Record<'f1', number>;
    perClass: Record<'precision' | 'recall' | 'f1', (number | null)[]>;
    auc: number | null;
    logLoss: number;
    ece: number;
  };
  const { cases } = fixture<Case<Expected, { samples: number; classes: number; scores: number; form: string }>>('single-label');
  for (const { name, options, predictions, targets, expected } of cases) {
    it(name, () => {
      const { samples, classes, form } = options;
      const data = options.scores === 1 ? twoColumns(predictions, form) : numbers(predictions);
      const answers = [{ size: samples, classes, data }, Int32Array.from(targets)] as const;
      const is = (metric: string, wanted: number | null) => same(score(metric, 'classes', ...answers), wanted, metric);
      is('accuracy', expected.accuracy);
      is('balancedAccuracy', expected.balancedAccuracy);
      is('precision', expected.macro.precision);
      is('recall', expected.macro.recall);
      is('f1', expected.macro.f1);
      is('weightedF1', expected.weighted.f1);
      for (const [k, wanted] of Object.entries(expected.topK)) if (Number(k) < classes) is(`top[${k}]`, wanted);
      for (const figure of ['precision', 'recall', 'f1'] as const)
        expected.perClass[figure].forEach((wanted, part) => {
          // A class that is never answered has precision 0 here, and one that neither occurs nor is answered an F1 of 0: see the metrics.
          is(`${figure}[${part}]`, figure === 'recall' ? wanted : (wanted ?? 0));
        });
      // What ranks or weighs probabilities is not defined where one is NaN; `judge` refuses such answers before any metric sees them.
      const holdsNaN = hasNaN(predictions);
      is('auc', holdsNaN ? Number.NaN : expected.auc);
      is('logLoss', holdsNaN ? Number.NaN : expected.logLoss);
      is('ece', holdsNaN ? Number.NaN : expected.ece);
    });
  }

  it('top5 is top-k of five, of more classes than that', () => {
    const answers = [{ size: 1, classes: 7, data: Float32Array.of(7, 6, 5, 4, 3, 2, 1) }] as const;
    same(score('top5', 'classes', ...answers, Int32Array.of(4)), 1, 'the fifth');
    same(score('top5', 'classes', ...answers, Int32Array.of(5)), 0, 'the sixth');
  });

  /** One score of the second class as scores of both. */
  function twoColumns(scores: readonly number[], form: string): Float32Array {
    const both = (score: number | null) => {
      if (score === null) return [Number.NaN, Number.NaN];
      return form === 'probabilities' ? [1 - score, score] : [-score / 2, score / 2];
    };
    return Float32Array.from(scores.flatMap(both));
  }
});

describe('metrics of several labels a sample', () => {
  type Expected = { macroF1: number; microF1: number; meanAveragePrecision: number | null; exactMatch: number };
  const { cases } = fixture<Case<Expected, { samples: number; labels: number; form: string }>>('multi-label');
  for (const { name, options, predictions, targets, expected } of cases) {
    it(name, () => {
      const { samples, labels, form } = options;
      const scores = numbers(predictions);
      // In double precision: large logits keep their order in the probabilities.
      const data = form === 'logits' ? scores.map((logit) => 1 / (1 + Math.exp(-logit))) : scores;
      const answers = [{ size: samples, classes: labels, data }, Uint8Array.from(targets)] as const;
      const is = (metric: string, wanted: number | null) => same(score(metric, 'labels', ...answers), wanted, metric);
      is('exactMatch', expected.exactMatch);
      // A NaN is an answer of its own in the fixtures, wrong either way; here it is a no (see `countLabels`), and undefined where scores are ranked.
      if (hasNaN(predictions)) {
        is('meanAveragePrecision', Number.NaN);
        const asNo = [{ size: samples, classes: labels, data: data.map((each) => each || 0) }, answers[1]] as const;
        is('macroF1', score('macroF1', 'labels', ...asNo));
        is('microF1', score('microF1', 'labels', ...asNo));
        return;
      }
      is('macroF1', expected.macroF1);
      is('microF1', expected.microF1);
      is('meanAveragePrecision', expected.meanAveragePrecision);
    });
  }
});

describe('metrics of numbers', () => {
  type Expected = {
    perColumn: Record<'r2' | 'mae' | 'rmse', (number | null | string)[]>;
    worstR2: number | null | string;
    meanMae: number | string;
    meanRmse: number | string;
  };
  const { cases } = fixture<Case<Expected, { samples: number; columns: number }, (number | null | string)[]>>('regression');
  for (const { name, options, predictions, targets, expected } of cases) {
    it(name, () => {
      const data = Float32Array.from(predictions, (value) => (value === null ? Number.NaN : Number(value)));
      const columns = Array.from({ length: options.columns }, (_, i) => String(i));
      const answers = [{ size: options.samples, columns, data }, Float32Array.from(targets)] as const;
      const is = (metric: string, wanted: number | null | string) => same(score(metric, 'numbers', ...answers), wanted as number, metric);
      if (!data.every(Number.isFinite)) {
        // The fixtures make such a column's errors infinite; here they are NaN or infinite as the number is, and `judge` refuses the answers.
        for (const metric of ['r2', 'mae', 'rmse']) assert.ok(!Number.isFinite(score(metric, 'numbers', ...answers)), metric);
        return;
      }
      // Of a single sample R² is not defined; as any constant column it is 1 or 0 here (see `r2Of`), so that it can be compared.
      const alone = options.samples === 1;
      if (!alone) is('r2', expected.worstR2);
      is('mae', expected.meanMae);
      is('rmse', expected.meanRmse);
      columns.forEach((column, i) => {
        if (!alone) is(`r2[${column}]`, expected.perColumn.r2[i]);
        is(`mae[${column}]`, expected.perColumn.mae[i]);
        is(`rmse[${column}]`, expected.perColumn.rmse[i]);
      });
    });
  }
});

describe('metrics of tokens', () => {
  type Expected = { accuracy: number | null; macroF1: number | null; perplexity: number | null };
  const { cases } = fixture<Case<Expected, { sequences: number; length: number; vocabulary: number }> & { mask?: number[] }>('sequences');
  for (const { name, options, predictions, targets, mask, expected } of cases) {
    it(name, () => {
      const logits = numbers(predictions);
      const { vocabulary } = options;
      const counted = targets.map((_, i) => i).filter((i) => mask === undefined || mask[i] === 1);
      const rows = counted.map((i) => logits.subarray(i * vocabulary, (i + 1) * vocabulary));
      const bad = rows.map((row) => row.some(Number.isNaN));
      const predicted = Int32Array.from(rows, (row, i) => (bad[i] ? -1 : row.indexOf(Math.max(...row))));
      const logLikelihoods = Float64Array.from(rows, (row, i) => {
        const most = Math.max(...row);
        return row[targets[counted[i]]] - most - Math.log(row.reduce((sum, each) => sum + Math.exp(each - most), 0));
      });
      const answers = [{ classes: vocabulary, predicted, logLikelihoods }, Int32Array.from(counted, (i) => targets[i])] as const;
      const is = (metric: string, wanted: number | null) => same(score(metric, 'tokens', ...answers), wanted, metric);
      is('tokenAccuracy', expected.accuracy);
      is('tokenF1', expected.macroF1);
      is('perplexity', bad.includes(true) ? Number.NaN : expected.perplexity);
    });
  }
});

describe('metrics of one score of anomaly', () => {
  type Expected = { auc: number | null; averagePrecision: number | null; bestF1: number };
  const { cases } = fixture<Case<Expected, { samples: number }>>('anomaly');
  for (const { name, options, predictions, targets, expected } of cases) {
    it(name, () => {
      const data = Float32Array.from(predictions.flatMap((each) => (each === null ? [Number.NaN, Number.NaN] : [-each / 2, each / 2])));
      const answers = [{ size: options.samples, classes: 2, data }, Int32Array.from(targets)] as const;
      const is = (metric: string, wanted: number | null) => same(score(metric, 'classes', ...answers), wanted, metric);
      const holdsNaN = hasNaN(predictions);
      is('auc', holdsNaN ? Number.NaN : expected.auc);
      is('averagePrecision', holdsNaN ? Number.NaN : expected.averagePrecision);
      // Without an anomaly there is no F1 to be had: NaN, where the fixture has 0.
      is('bestF1', holdsNaN || !targets.includes(1) ? Number.NaN : expected.bestF1);
    });
  }
});

describe('metrics of embeddings', () => {
  type Options = { kind: 'reference' | 'retrieval'; samples: number; width: number };
  const { cases } = fixture<Case<{ cosine?: number; recall?: Record<string, number | null> }, Options>>('embeddings');
  for (const { name, options, predictions, targets, expected } of cases) {
    it(name, () => {
      const { samples: size, width, kind } = options;
      const data = numbers(predictions);
      const embeddings = { size, width, data };
      if (kind === 'reference') {
        const got = score('cosine', 'embeddings', { ...embeddings, reference: numbers(targets) }, undefined);
        // A vector with a NaN counts as the worst in the fixture; here the mean is NaN.
        same(got, hasNaN(predictions) ? Number.NaN : (expected.cosine as number), 'cosine');
        return;
      }
      const labels = Int32Array.from(targets);
      for (const [k, wanted] of Object.entries(expected.recall ?? {})) {
        const metric = k === '1' ? 'recallAt' : `recallAt[${k}]`;
        same(score(metric, 'embeddings', embeddings, labels), wanted, metric);
      }
    });
  }
});

describe('metrics of boxes', () => {
  type Box = {
    image_id: number;
    category_id: number;
    bbox: [number, number, number, number];
    score: number | null;
    iscrowd?: number;
    area?: number;
  };
  type Truth = { images: { id: number }[]; categories: { id: number }[]; annotations: Box[] };
  type Expected = { ap: number | null; ap50: number | null; perCategory: { id: number; ap: number | null; ap50: number | null }[] };
  const { cases } = fixture<Case<Expected, undefined, Box[], Truth>>('detection');
  for (const { name, predictions, targets: truth, expected } of cases) {
    it(name, () => {
      const category = ({ category_id }: Box) => truth.categories.findIndex(({ id }) => id === category_id);
      const images = truth.images.map(({ id }) => id).sort((a, b) => a - b);
      const found: Detection[][] = images.map((image) =>
        predictions
          .filter(({ image_id }) => image_id === image)
          .map((each) => ({ category: category(each), box: each.bbox, score: each.score ?? Number.NaN })),
      );
      const objects: TrueBox[][] = images.map((image) =>
        truth.annotations
          .filter(({ image_id }) => image_id === image)
          .map((each) => ({ category: category(each), box: each.bbox, area: each.area, isCrowd: each.iscrowd === 1 })),
      );
      const is = (metric: string, wanted: number | null) => same(score(metric, 'boxes', found, objects), wanted, metric, 1e-9);
      is('map', expected.ap);
      is('map50', expected.ap50);
      expected.perCategory.forEach(({ ap, ap50 }, i) => {
        is(`map[${i}]`, ap);
        is(`map50[${i}]`, ap50);
      });
    });
  }
});

describe('metrics of fidelity', () => {
  it('follow their closed forms', () => {
    const channels = [
      { output: 'boxes', channel: 0, error: 1, variance: 100, power: 200 },
      { output: 'scores', channel: 0, error: 0.06, variance: 0.08, power: 0.1 },
    ];
    const answers = [{ size: 4, channels, cosine: 0.75, maxDifference: 2.5, agreeing: 3 }, undefined] as const;
    const is = (metric: string, wanted: number) => same(score(metric, 'fidelity', ...answers), wanted, metric);
    is('fidelity', 1 - 0.06 / 0.08);
    is('meanFidelity', (1 - 1 / 100 + 1 - 0.06 / 0.08) / 2);
    is('agreement', 3 / 4);
    is('outputCosine', 0.75);
    is('maxDifference', 2.5);
    is('sqnr', 10 * Math.log10(0.1 / 0.06));
    is('outputSqnr', 10 * Math.log10(0.1 / 0.06));
  });
});

describe('every metric', () => {
  it('was held against an oracle above', () => {
    const parts = (name: string) => name.replace('recallAt[5]', 'recallAt');
    const missing = metricsOf().filter(({ name }) => !asked.has(name) && !asked.has(parts(name)));
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    );
  });
});
