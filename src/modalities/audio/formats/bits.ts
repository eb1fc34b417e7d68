/** Reads bits, the highest of each byte first. Behind the end come zeros; `isOver` then says so. */
export class BitReader {
  /** In bits. */
  position: number;

  constructor(
    readonly bytes: Uint8Array,
    start: number,
  ) {
    this.position = 8 * start;
  }

  get isOver(): boolean {
    return this.position > 8 * this.bytes.length;
  }

  /** The next byte's place; only where `align` was called. */
  get at(): number {
    return this.position / 8;
  }

  /** A number of up to 52 bits. */
  unsigned(count: number): number {
    let value = 0;
    let left = count;
    while (left > 0) {
      const used = this.position & 7;
      const taken = Math.min(left, 8 - used);
      const byte = this.bytes[this.position >>> 3] ?? 0;
      value = value * (1 << taken) + ((byte >>> (8 - used - taken)) & ((1 << taken) - 1));
      this.position += taken;
      left -= taken;
    }
    return value;
  }

  /** A number in two's complement. */
  signed(count: number): number {
    const value = this.unsigned(count);
    return count > 0 && value >= 2 ** (count - 1) ? value - 2 ** count : value;
  }

  /** How many zeros there are before the next one; the one is read, too. */
  zeros(): number {
    let count = 0;
    while (!this.isOver) {
      const used = this.position & 7;
      const rest = ((this.bytes[this.position >>> 3] ?? 0) << used) & 0xff;
      if (rest === 0) {
        count += 8 - used;
        this.position += 8 - used;
        continue;
      }
      const leading = Math.clz32(rest) - 24;
      this.position += leading + 1;
      return count + leading;
    }
    return count;
  }

  /** Goes to the next whole byte. */
  align(): void {
    this.position = 8 * Math.ceil(this.position / 8);
  }
}
