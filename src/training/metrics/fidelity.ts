/** How closely one model's outputs follow another's on the same inputs. Built sample by sample, so that memory does not grow. */
export interface FidelityReport {
  samples: number;
  /** 1 - Σ(y - ŷ)² / Σ(y - mean)² (the coefficient of determination) of each output, the mean over the outputs; 1 is identical, at most 1. */
  r2: number;
  /** Signal to noise ratio in dB, of the outputs' mean noise relative to their power; Infinity where identical. */
  sqnr: number;
  /** Mean over samples and outputs of the cosine between the two output vectors. */
  cosine: number;
  /** Largest absolute difference of any output. */
  maxDifference: number;
  /** Fraction of samples with the same largest output; only for a single output that is one row of at least two numbers a sample. */
  agreement?: number;
  /** 95% interval of the agreement (Wilson), where there is one. */
  interval?: [number, number];
}

/** Accumulates a FidelityReport from batches of reference and candidate outputs. */
export class FidelityMeter {
  readonly #outputs = new Map<string, OutputMeter>();
  #ranked = true;

  /**
   * @param reference and candidate are [samples, width], row by row, of the output called `output`. `ranked` says that a row is a set of
   * scores, of which the largest counts.
   */
  add(reference: Float32Array, candidate: Float32Array, samples: number, ranked: boolean, output = ''): void {
    const width = samples === 0 ? 0 : reference.length / samples;
    const meter = this.#outputs.get(output) ?? new OutputMeter();
    this.#outputs.set(output, meter);
    this.#ranked &&= ranked && width > 1;
    for (let row = 0; row < samples; row++)
      meter.add(reference.subarray(row * width, (row + 1) * width), candidate.subarray(row * width, (row + 1) * width));
  }

  report(interval: (hits: number, samples: number) => [number, number]): FidelityReport {
    const outputs = [...this.#outputs.values()];
    const mean = (of: (output: OutputMeter) => number) =>
      outputs.reduce((sum, output) => sum + of(output), 0) / Math.max(1, outputs.length);
    const samples = outputs[0]?.samples ?? 0;
    const ranked = this.#ranked && outputs.length === 1 && samples > 0;
    const agreeing = outputs[0]?.agreeing ?? 0;
    return {
      samples,
      r2: mean((output) => output.r2),
      sqnr: -10 * Math.log10(mean((output) => output.relativeNoise)),
      cosine: mean((output) => output.cosine),
      maxDifference: outputs.reduce((most, { largest }) => Math.max(most, largest), 0),
      agreement: ranked ? agreeing / samples : undefined,
      interval: ranked ? interval(agreeing, samples) : undefined,
    };
  }
}

/** One output. Sums are taken about the first number: outputs far from zero keep their digits. */
class OutputMeter {
  samples = 0;
  agreeing = 0;
  largest = 0;
  #shift: number | undefined;
  #count = 0;
  #sum = 0;
  #squares = 0;
  #power = 0;
  #error = 0;
  #cosines = 0;

  add(a: Float32Array, b: Float32Array): void {
    this.#shift ??= a[0] ?? 0;
    let dot = 0;
    let aa = 0;
    let bb = 0;
    let bestA = 0;
    let bestB = 0;
    for (let i = 0; i < a.length; i++) {
      const difference = a[i] - b[i];
      const shifted = a[i] - this.#shift;
      this.#error += difference * difference;
      this.#sum += shifted;
      this.#squares += shifted * shifted;
      this.largest = Math.max(this.largest, Math.abs(difference));
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
      if (a[i] > a[bestA]) bestA = i;
      if (b[i] > b[bestB]) bestB = i;
    }
    this.samples++;
    this.#count += a.length;
    this.#power += aa;
    this.#cosines += aa === 0 && bb === 0 ? 1 : dot / Math.sqrt(aa * bb || 1);
    this.agreeing += Number(bestA === bestB && !Number.isNaN(bb));
  }

  get r2(): number {
    const variation = this.#squares - (this.#sum * this.#sum) / Math.max(1, this.#count);
    return this.#error === 0 ? 1 : 1 - this.#error / (variation || Number.EPSILON);
  }

  get relativeNoise(): number {
    return this.#error === 0 ? 0 : this.#error / this.#power;
  }

  get cosine(): number {
    return this.#cosines / Math.max(1, this.samples);
  }
}
