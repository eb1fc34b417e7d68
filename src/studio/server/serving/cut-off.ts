/** Whether a request ended before its body did. */
export function isCutOff(error: unknown): boolean {
  return ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'ABORT_ERR'].includes((error as NodeJS.ErrnoException)?.code ?? '');
}
