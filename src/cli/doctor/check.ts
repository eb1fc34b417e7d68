/** What was found of one thing that Espalier uses. */
export interface Check {
  readonly name: string;
  /** 'broken' is what Espalier cannot do without; 'warning' what makes it slow or may fail later; 'absent' what is optional and not there. */
  readonly status: 'ok' | 'warning' | 'absent' | 'broken';
  /** What was found, in a line. */
  readonly found: string;
  /** What to do about it, where it is not ok. */
  readonly fix?: string;
  /** The same as figures, for programs. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}
