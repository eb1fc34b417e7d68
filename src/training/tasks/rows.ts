/** Rows of numbers, gathered batch by batch. */
export class RowCollector {
  readonly #pieces: Float32Array[] = [];
  #length = 0;

  /** Takes the first `count` rows; they are copied. */
  add(rows: Float32Array, width: number, count: number): void {
    const piece = rows.slice(0, count * width);
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** All rows, one after the other. */
  join(): Float32Array {
    const whole = new Float32Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }
}
