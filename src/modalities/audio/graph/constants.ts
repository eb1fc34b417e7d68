import { type GraphBuilder, Tensor, type Value } from '../../../onnx/index.js';
import { filterEdges, melFilters } from '../features/filters.js';
import { cosines } from '../features/host.js';
import type { CompleteFrontEnd } from '../features/spec.js';
import { hann } from '../features/spectrum.js';

/** The tables that a front end multiplies by: kept in the file, or computed by nodes without inputs, which runtimes fold when they load the file. */
export interface Tables {
  /** The window times the cosines, or sines, of every frequency: [bins, 1, nFft]. */
  kernel(part: 'Cos' | 'Sin'): Value;
  /** [nFft]. */
  window(): Value;
  /** [nMels, bins]. */
  filters(): Value;
  /** [nMels, nMfcc]. */
  cosines(): Value;
}

/** Numbers of the file itself. */
export function storedTables(build: GraphBuilder, spec: CompleteFrontEnd): Tables {
  const { nFft, nMels, nMfcc = 0 } = spec;
  const bins = binsOf(spec);
  const floats = (shape: readonly number[], values: ArrayLike<number>) =>
    build.constant(Tensor.of('float32', shape, Float32Array.from(values)));
  return {
    kernel: (part) => {
      const window = hann(spec);
      const wave = part === 'Cos' ? Math.cos : Math.sin;
      const at = (i: number) => window[i % nFft] * wave((2 * Math.PI * ((Math.floor(i / nFft) * (i % nFft)) % nFft)) / nFft);
      return floats(
        [bins, 1, nFft],
        Float64Array.from({ length: bins * nFft }, (_, i) => at(i)),
      );
    },
    window: () => floats([nFft], hann(spec)),
    filters: () => floats([nMels, bins], melFilters(spec)),
    cosines: () => floats([nMels, nMfcc], cosines(nMels, nMfcc)),
  };
}

/** Nodes that compute them: some hundred bytes instead of hundreds of kilobytes. */
export function computedTables(build: GraphBuilder, spec: CompleteFrontEnd): Tables {
  const { nFft, winLength } = spec;
  const bins = binsOf(spec);
  const range = (length: number) => build.op('Range', [build.scalar(0, 'int64'), build.scalar(length, 'int64'), build.scalar(1, 'int64')]);
  const shaped = (value: Value, shape: readonly number[]) => build.op('Reshape', [value, build.ints(shape)]);
  const asFloat = (value: Value) => build.op('Cast', [value], { to: 1 });
  const times = (value: Value, factor: number) => build.op('Mul', [value, build.scalar(factor)]);
  const window = once(() => {
    const wave = build.op('Cos', [times(asFloat(range(winLength)), (2 * Math.PI) / winLength)]);
    const hanned = build.op('Sub', [build.scalar(0.5), times(wave, 0.5)]);
    const before = Math.floor((nFft - winLength) / 2);
    return winLength === nFft ? hanned : build.op('Pad', [hanned, build.ints([before, nFft - winLength - before])]);
  });
  const angles = once(() => {
    const products = build.op('Mul', [shaped(range(bins), [bins, 1, 1]), shaped(range(nFft), [1, 1, nFft])]);
    // Whole turns are dropped while the numbers are whole: cosines of large angles lose their digits in float32.
    return times(asFloat(build.op('Mod', [products, build.scalar(nFft, 'int64')])), (2 * Math.PI) / nFft);
  });
  return {
    kernel: (part) => build.op('Mul', [build.op(part, [angles()]), window()]),
    window,
    filters: () =>
      computedFilters(build, spec, times(asFloat(shaped(range(bins), [1, bins])), Math.floor(spec.sampleRate / 2) / (bins - 1))),
    cosines: () => storedTables(build, spec).cosines(),
  };
}

/** Triangles from where they begin, peak and end, [nMels, 1] each, over frequencies [1, bins]. */
function computedFilters(build: GraphBuilder, spec: CompleteFrontEnd, frequencies: Value): Value {
  const edges = filterEdges(spec);
  const { nMels } = spec;
  const column = (values: readonly number[]) => build.constant(Tensor.of('float32', [nMels, 1], Float32Array.from(values)));
  const [begin, peak, end] = [0, 1, 2].map((first) => edges.slice(first, first + nMels));
  const rise = build.op('Div', [build.op('Sub', [frequencies, column(begin)]), column(peak.map((each, m) => each - begin[m]))]);
  const fall = build.op('Div', [build.op('Sub', [column(end), frequencies]), column(end.map((each, m) => each - peak[m]))]);
  const filters = build.op('Max', [build.op('Min', [rise, fall]), build.scalar(0)]);
  return spec.norm === 'slaney' ? build.op('Mul', [filters, column(end.map((each, m) => 2 / (each - begin[m])))]) : filters;
}

export function binsOf({ nFft }: Pick<CompleteFrontEnd, 'nFft'>): number {
  return Math.floor(nFft / 2) + 1;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
