/** Arrays that rows are made of. */
type Rows = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Rows of numbers, gathered batch by batch. They stay outside the heap of JavaScript, however many there are. */
export class RowCollector<A extends Rows> {
  readonly #kind: new (
    length: number,
  ) => A;
  readonly #pieces: A[] = [];
  #length = 0;

  /** @param kind of array that the rows are, e.g. Float32Array. */
  constructor(kind: new (length: number) => A) {
    this.#kind = kind;
  }

  /** Takes the first `count` rows; they are copied. */
  add(rows: A, width: number, count: number): void {
    const piece = rows.slice(0, count * width) as A;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** All rows, one after the other. */
  join(): A {
    const whole = new this.#kind(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }
}
