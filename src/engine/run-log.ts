import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { readJsonLines, writeFileWhole } from '../core/index.js';

/** One line of `metrics.jsonl`. */
export interface LogRow {
  readonly step: number;
  readonly epoch: number;
  /** The total. */
  readonly loss: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
  /** Share of the time since the last line in which the engine waited for data, 0–1. */
  readonly dataWaitShare: number;
  /** Terms of the loss, scores, and `validation…` values. */
  readonly [name: string]: number;
}

/** Appends to `metrics.jsonl`. */
export interface RunLog {
  append(row: LogRow): void;
}

/** Opens a run's log and drops the lines after `step`, which a resumed run writes again. */
export function openRunLog(file: string, step: number): RunLog {
  mkdirSync(dirname(file), { recursive: true });
  const rows = readJsonLines<LogRow>(file).filter((row) => row.step <= step);
  writeFileWhole(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { append: (row) => appendFileSync(file, `${JSON.stringify(row)}\n`) };
}
