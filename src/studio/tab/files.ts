/** A file that was chosen in the page. */
export interface TabFile {
  /** From the folder that was chosen, which comes first, with forward slashes; or its name. */
  path: string;
  read(): Promise<Uint8Array>;
}
