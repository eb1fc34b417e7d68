/** A discrete Fourier transform of a fixed number of points, in place: re and im hold at least as many numbers. */
export type Transform = (re: Float64Array, im: Float64Array) => void;

/** Radix-2 (Cooley and Tukey 1965) where the number of points is a power of two, else by a convolution (Bluestein 1970). */
export function fourier(points: number): Transform {
  return Number.isInteger(Math.log2(points)) ? radix2(points) : bluestein(points);
}

function radix2(points: number): Transform {
  const { cos, sin } = roots(points);
  const bits = Math.log2(points);
  const reversed = Uint32Array.from({ length: points }, (_, i) => {
    let out = 0;
    for (let bit = 0; bit < bits; bit++) out |= ((i >> bit) & 1) << (bits - 1 - bit);
    return out;
  });
  return (re, im) => {
    for (let i = 0; i < points; i++) {
      const j = reversed[i];
      if (j <= i) continue;
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
    for (let half = 1; half < points; half *= 2) {
      const stride = points / (2 * half);
      for (let start = 0; start < points; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [a, b] = [start + k, start + k + half];
          const [c, s] = [cos[k * stride], sin[k * stride]];
          const x = re[b] * c + im[b] * s;
          const y = im[b] * c - re[b] * s;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  };
}

/** kn = (k² + n² - (k-n)²) / 2: a transform is a convolution with a chirp, which transforms of a power of two compute. */
function bluestein(points: number): Transform {
  const length = 2 ** Math.ceil(Math.log2(2 * points - 1));
  const inner = radix2(length);
  // Angles of k² modulo 2n keep their digits where k² is large.
  const chirp = Array.from({ length: points }, (_, k) => (Math.PI * ((k * k) % (2 * points))) / points);
  const [kernelRe, kernelIm] = [new Float64Array(length), new Float64Array(length)];
  chirp.forEach((angle, k) => {
    for (const at of k === 0 ? [0] : [k, length - k]) [kernelRe[at], kernelIm[at]] = [Math.cos(angle), Math.sin(angle)];
  });
  inner(kernelRe, kernelIm);
  const [a, b] = [new Float64Array(length), new Float64Array(length)];
  return (re, im) => {
    a.fill(0);
    b.fill(0);
    for (let k = 0; k < points; k++) [a[k], b[k]] = turned(re[k], im[k], chirp[k]);
    inner(a, b);
    // Conjugated, the transform back is the transform itself.
    for (let i = 0; i < length; i++) [a[i], b[i]] = [a[i] * kernelRe[i] - b[i] * kernelIm[i], -(a[i] * kernelIm[i] + b[i] * kernelRe[i])];
    inner(a, b);
    for (let k = 0; k < points; k++) [re[k], im[k]] = turned(a[k] / length, -b[k] / length, chirp[k]);
  };
}

/** x + iy turned back by an angle. */
function turned(x: number, y: number, angle: number): [number, number] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [x * c + y * s, y * c - x * s];
}

function roots(points: number): { cos: Float64Array; sin: Float64Array } {
  const angles = Array.from({ length: points / 2 }, (_, k) => (2 * Math.PI * k) / points);
  return { cos: Float64Array.from(angles, Math.cos), sin: Float64Array.from(angles, Math.sin) };
}
