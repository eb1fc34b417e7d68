import type { LanguageName } from '../../infrastructure/targets/index.js';
import type { Limits, LiveRun, ObjectiveName, RunState } from '../../strategies/index.js';

/*
 * GET    api/session                  -> SessionInfo
 * GET    api/runs                     -> RunSummary[], the latest first
 * POST   api/runs        StartRun     -> 201 { id }
 * GET    api/runs/:id                 -> LiveRun
 * GET    api/runs/:id/events          -> text/event-stream: "run" with a LiveRun first, then "change" with LiveChange, at most two a second; "gone"
 * POST   api/runs/:id/steering  Steering -> 202
 * GET    api/runs/:id/front           -> RunInfo, once it is written; 404 before
 * GET    api/runs/:id/models/:model/graph -> GraphInfo
 * GET    api/runs/:id/files/*path     -> a file of the run's folder: models, cards, report.html
 * GET    api/datasets                 -> DatasetInfo[]: what a run can be started with besides uploads
 * POST   api/uploads                  -> 201 { id }
 * PUT    api/uploads/:id/*path  bytes -> 204
 * Errors: { error: ApiError } with 400 (bad request), 401 (no token), 403 (another origin), 404, 409 (cannot be now), 413 (too large), 500.
 */

export interface ApiError {
  message: string;
  /** What to do about it. */
  fix?: string;
}

export interface SessionInfo {
  version: string;
  /** Whether runs can be started here. */
  canStart: boolean;
  /** The largest upload, in bytes. */
  maxUpload: number;
}

export interface RunSummary {
  /** The path of its folder within that of the studio, e.g. "digits/better". */
  id: string;
  name: string;
  state: RunState;
  trials: { ended: number; wanted: number };
  /** Models of the front. */
  front: number;
  begun: number;
  updated: number;
  secondsLeft?: LiveRun['secondsLeft'];
  /** Once it is complete: the report's first sentence. */
  headline?: string;
}

export interface StartRun {
  /** What its folder is called: letters, digits, "-" and "_". */
  name: string;
  /** Of an upload, or an architecture. */
  model: { upload: string; path: string } | { architecture: string; width?: number };
  /** Of an upload, or the name of a data set. */
  data: { upload: string } | { name: string };
  trials?: number;
  /** Milliseconds. */
  budget?: number;
  epochs?: number;
  jobs?: number;
  seed?: number;
  objectives?: ObjectiveName[];
  /** The language that models of the front are compiled to. */
  target?: LanguageName;
  limits?: Omit<Limits, 'rules'>;
}

export interface DatasetInfo {
  name: string;
  title: string;
}

/** A model's graph to be drawn. */
export interface GraphInfo {
  name: string;
  nodes: GraphNode[];
  /** From node to node, by position in `nodes`. */
  edges: { from: number; to: number; tensor: string; shape?: readonly (number | string)[] }[];
}

export interface GraphNode {
  /** 'input' and 'output' are the model's own. */
  kind: 'operator' | 'input' | 'output';
  name: string;
  op: string;
  output?: readonly (number | string)[];
  parameters: number;
  macs: number;
  weightBytes: number;
  activationBytes: number;
  attributes: Record<string, string>;
}
