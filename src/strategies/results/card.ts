import type { Recipe, TechniqueNotes } from '../../technique/index.js';
import type { CARD_SCHEMA, FORMAT_VERSION, FootprintInfo, Limits, QualityInfo, RunInfo, RuntimeCheck } from './info.js';

/** What a finished model carries beside its file: enough to judge it and to make it again. */
export interface Card {
  schema: typeof CARD_SCHEMA;
  format: typeof FORMAT_VERSION;
  id: string;
  label: string;
  /** What is worse than before, as sentences. */
  warnings: string[];
  onFront: boolean;
  limits: Limits;
  /** Names of the limits that it breaks. */
  breaks: string[];
  /** Relative to the output folder. */
  file: string;
  recipe: Recipe;
  seed: number;
  strategy: string;
  data: Pick<RunInfo['task'], 'name' | 'fingerprint' | 'samples'>;
  preprocess: unknown;
  classes?: readonly string[];
  quality: {
    metric: QualityInfo['metric'];
    validation: QualityInfo;
    test?: QualityInfo;
    before: { validation: QualityInfo; test?: QualityInfo };
    agreement?: QualityInfo['agreement'];
  };
  footprint: { after: FootprintInfo; before: FootprintInfo };
  checks?: RuntimeCheck[];
  notes: TechniqueNotes;
  machine: RunInfo['machine'];
}
