/** src/report/page, bundled when the package is built (scripts/report-script.mjs). */
export declare const reportScript: {
  readonly text: string;
  /** Of its bytes, as a policy names it, e.g. "sha256-…". */
  readonly hash: string;
};
