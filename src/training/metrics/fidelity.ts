/** How closely one model's outputs follow another's on the same inputs. Built sample by sample, so that memory does not grow. */
export interface FidelityReport {
  samples: number;
  /** 1 - Σ(y - ŷ)² / Σ(y - mean)² over all outputs together (the coefficient of determination); 1 is identical, at most 1. */
  r2: number;
  /** Signal to noise ratio of the outputs, in dB; Infinity where identical. */
  sqnr: number;
  /** Mean over the samples of the cosine between the two output vectors. */
  cosine: number;
  /** Largest absolute difference of any output. */
  maxDifference: number;
  /** Fraction of samples with the same largest output; only for outputs that are one row of at least two numbers a sample. */
  agreement?: number;
  /** 95% interval of the agreement (Wilson), where there is one. */
  interval?: [number, number];
}

/** Accumulates a FidelityReport from batches of reference and candidate outputs. */
export class FidelityMeter {
  #samples = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;
  #error = 0;
  #cosine = 0;
  #largest = 0;
  #agreeing = 0;
  #rows = true;

  /** @param reference and candidate are [samples, width], row by row. `ranked` says that a row is a set of scores. */
  add(reference: Float32Array, candidate: Float32Array, samples: number, ranked: boolean): void {
    const width = reference.length / samples;
    this.#rows &&= ranked && width > 1;
    for (let row = 0; row < samples; row++)
      this.#sample(reference.subarray(row * width, (row + 1) * width), candidate.subarray(row * width, (row + 1) * width));
  }

  #sample(a: Float32Array, b: Float32Array): void {
    let dot = 0;
    let aa = 0;
    let bb = 0;
    let bestA = 0;
    let bestB = 0;
    for (let i = 0; i < a.length; i++) {
      const difference = a[i] - b[i];
      this.#error += difference * difference;
      this.#sum += a[i];
      this.#squares += a[i] * a[i];
      if (Math.abs(difference) > this.#largest || Number.isNaN(difference)) this.#largest = Math.abs(difference);
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
      if (a[i] > a[bestA]) bestA = i;
      if (b[i] > b[bestB]) bestB = i;
    }
    this.#samples++;
    this.#count += a.length;
    this.#cosine += aa === 0 && bb === 0 ? 1 : dot / Math.sqrt(aa * bb || 1);
    this.#agreeing += Number(bestA === bestB);
  }

  report(interval: (hits: number, samples: number) => [number, number]): FidelityReport {
    const variation = this.#squares - (this.#sum * this.#sum) / Math.max(1, this.#count);
    return {
      samples: this.#samples,
      r2: this.#error === 0 ? 1 : 1 - this.#error / (variation || Number.EPSILON),
      sqnr: this.#error === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(this.#squares / this.#error),
      cosine: this.#cosine / Math.max(1, this.#samples),
      maxDifference: this.#largest,
      agreement: this.#rows ? this.#agreeing / this.#samples : undefined,
      interval: this.#rows ? interval(this.#agreeing, this.#samples) : undefined,
    };
  }
}
