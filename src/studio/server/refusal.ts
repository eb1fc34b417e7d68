import { type ErrorFacts, EspalierError } from '../../base/index.js';
import type { ApiError } from '../api/index.js';

/** Statuses that requests are refused with. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 416;

/** A request that is not answered with what it asks for. */
export class Refusal extends EspalierError {
  override readonly name: string = 'Refusal';
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, facts: ErrorFacts | string) {
    super(facts);
    this.status = status;
  }
}

/** The same words whatever the reason: what is there is nobody's business who may not have it. */
export function notFound(what = 'There is no such thing here'): Refusal {
  return new Refusal(404, what);
}

/** What a client is told of an error; an error that is none of Espalier's own is a defect, and its words stay here. */
export function apiError(error: unknown): { status: RefusalStatus | 500; body: { error: ApiError } } {
  if (!(error instanceof EspalierError))
    return {
      status: 500,
      body: { error: { message: 'The studio failed.', fix: 'Its terminal says where. This is a defect of Espalier.' } },
    };
  const { what, where, expected, got, fix } = error;
  const { message } = new EspalierError({ what, where, expected, got });
  return { status: error instanceof Refusal ? error.status : 500, body: { error: { message, ...(fix !== undefined && { fix }) } } };
}
