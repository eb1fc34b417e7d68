/** Small data of one kind in the form in which data lies about, to try things with. */
export interface SampleData {
  readonly name: string;
  /** What it is, and whose. */
  readonly summary: string;
  /** Writes it. @param folder that is there, and empty. The same files every time. */
  write(folder: string): Promise<void>;
}
