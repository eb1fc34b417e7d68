import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from './child.js';

/** No stage may take longer, in milliseconds, on a machine that has nothing else to do. */
export const LONGEST_STAGE = 2000;
/** Memory that a case may take above an idle process, beside twice its file's size, in bytes. */
export const MOST_MEMORY = 200e6;
/** Peaks only ever rise: a fresh process now and then sees small ones again. */
const CASES_PER_PROCESS = 2000;

export interface Finding {
  number: number;
  what: string;
  kind: 'defect' | 'time' | 'memory' | 'crash' | 'hang';
  detail: string;
}

export interface Summary {
  cases: number;
  /** Cases that went through every stage, and those that Espalier refused in some stage, by its error class. */
  accepted: number;
  refused: Record<string, number>;
  findings: Finding[];
  /** Longest stage in milliseconds, largest growth of memory in bytes. */
  longest: number;
  largest: number;
}

export interface HuntOptions {
  from: number;
  cases: number;
  /** Take the models beside this checkout as seeds as well. */
  all: boolean;
  /** No stage may take longer, in milliseconds of work. */
  longestStage: number;
  /** Milliseconds by the clock after which a case that has not answered is ended, and hangs. Without, it is waited for. */
  patience?: number;
  onCase?: (done: number, summary: Summary) => void;
  summary?: Summary;
}

export const emptySummary = (): Summary => ({ cases: 0, accepted: 0, refused: {}, findings: [], longest: 0, largest: 0 });

/** Runs cases in processes of their own. What looks too slow or too large is run again alone, and counts only if it is so then as well. */
export async function hunt({ from, cases, all, longestStage, patience, onCase, summary = emptySummary() }: HuntOptions): Promise<Summary> {
  let worker = new Worker();
  const look = async (number: number) => judge(await worker.ask(number, all, patience), number, longestStage);
  try {
    for (let number = from; number < from + cases; number++) {
      if (worker.served >= CASES_PER_PROCESS || worker.ended) worker = worker.replaced();
      let { finding, report } = await look(number);
      if (finding && finding.kind !== 'defect') {
        worker = worker.replaced();
        ({ finding, report } = await look(number));
        worker = worker.replaced();
      }
      note(summary, report, finding);
      onCase?.(number + 1 - from, summary);
    }
  } finally {
    worker.end();
  }
  return summary;
}

function note(summary: Summary, report: Report | undefined, finding: Finding | undefined): void {
  summary.cases++;
  if (finding) {
    summary.findings.push(finding);
    return;
  }
  if (!report) return;
  const refusals = report.stages.flatMap(({ refused }) => refused ?? []);
  if (refusals.length === 0) summary.accepted++;
  else summary.refused[refusals[0]] = (summary.refused[refusals[0]] ?? 0) + 1;
  summary.longest = Math.max(summary.longest, ...report.stages.map(({ milliseconds }) => milliseconds));
  summary.largest = Math.max(summary.largest, report.peak - report.idle);
}

type Answer = Report | { ended: string };

function judge(answer: Answer, number: number, longestStage: number): { report?: Report; finding?: Finding } {
  if ('ended' in answer) {
    const kind = answer.ended === 'hang' ? 'hang' : 'crash';
    return { finding: { number, what: '', kind, detail: answer.ended } };
  }
  const { what, stages, peak, idle, bytes } = answer;
  const found = (kind: Finding['kind'], detail: string) => ({ report: answer, finding: { number, what, kind, detail } });
  const defect = stages.find((stage) => stage.defect);
  if (defect) return found('defect', `${defect.stage}: ${defect.defect}`);
  const slow = stages.find(({ milliseconds }) => milliseconds > longestStage);
  if (slow) return found('time', `${slow.stage} took ${slow.milliseconds} ms`);
  if (peak - idle > MOST_MEMORY + 2 * bytes) return found('memory', `${Math.round((peak - idle) / 1e6)} MB for a file of ${bytes} bytes`);
  return { report: answer };
}

class Worker {
  readonly #child: ChildProcess;
  served = 0;
  ended: string | undefined;

  constructor() {
    const path = fileURLToPath(new URL('./child.js', import.meta.url));
    this.#child = fork(path, { execArgv: ['--expose-gc'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#child.once('exit', (code, signal) => {
      this.ended ??= signal ?? `exit code ${code}`;
      rmSync(join(tmpdir(), `espalier-fuzz-${this.#child.pid}`), { recursive: true, force: true });
    });
  }

  ask(number: number, all: boolean, patience?: number): Promise<Answer> {
    this.served++;
    return new Promise((resolve) => {
      const finish = (answer: Answer) => {
        clearTimeout(timer);
        this.#child.off('message', finish);
        this.#child.off('exit', left);
        resolve(answer);
      };
      const left = () => finish({ ended: this.ended as string });
      const hang = () => {
        this.ended = 'hang';
        this.#child.kill('SIGKILL');
      };
      const timer = patience === undefined ? undefined : setTimeout(hang, patience);
      this.#child.once('message', finish);
      this.#child.once('exit', left);
      this.#child.send({ number, all });
    });
  }

  replaced(): Worker {
    this.end();
    return new Worker();
  }

  end(): void {
    this.ended ??= 'done';
    this.#child.kill('SIGKILL');
  }
}
