import { readFileSync, writeFileSync } from 'node:fs';

/** Resident memory of the process while something runs, in bytes. */
export interface ResidentMemory {
  /** When the meter was started, and the most since then. */
  readonly before: number;
  readonly peak: number;
  readonly delta: number;
}

/**
 * Starts to measure; the returned function reads. Linux can reset the peak that the kernel keeps (proc(5), clear_refs); elsewhere the larger
 * of the readings at both ends stands for the peak. Memory that was freed before but is still the process's hides part of the growth, so the
 * first measurement of a process is the truest.
 */
export function startMemoryMeter(): () => ResidentMemory {
  const exact = resetPeak();
  const before = process.memoryUsage.rss();
  return () => {
    const peak = Math.max((exact ? kernelPeak() : undefined) ?? 0, process.memoryUsage.rss(), before);
    return { before, peak, delta: peak - before };
  };
}

function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    return false;
  }
}

function kernelPeak(): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
