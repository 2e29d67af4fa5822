import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileWhole } from '../../core/index.js';
import {
  restartEvent,
  sessionEndEvent,
  sessionStartEvent,
  stepOfEvent,
  summaryEvent,
  versionEvent,
  type HyperParameter,
  type SummaryValue,
} from './events.js';
import { frameRecord, readRecords } from './records.js';

/** Appends to a run's `events.out.tfevents.*`, which TensorBoard reads. */
export interface TensorBoard {
  write(step: number, values: readonly SummaryValue[]): void;
  /** Tells the hparams dashboard how the run stands. */
  end(step: number, isFinished: boolean): void;
}

/** How to open a run's events. */
export interface TensorBoardOptions {
  /** Steps that are done; what older files have of later ones is dropped, since a resumed run writes it again. */
  readonly step: number;
  /** Settings; nested ones are named `outer.inner`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Runs of one group are one line of the hparams dashboard: the hash of the settings. */
  readonly group: string;
  readonly now: () => Date;
}

/** Opens a new events file in a run's folder, beside those of earlier tries. */
export function openTensorBoard(folder: string, { step, config, group, now }: TensorBoardOptions): TensorBoard {
  mkdirSync(folder, { recursive: true });
  const older = readdirSync(folder).filter((name) => name.startsWith('events.out.tfevents.'));
  for (const name of older) dropAfter(join(folder, name), step);
  const at = (atStep: number) => ({ step: atStep, seconds: now().getTime() / 1000 });
  const file = freeName(folder, Math.floor(at(0).seconds));
  const append = (...events: readonly Uint8Array[]) => appendFileSync(file, Buffer.concat(events.map(frameRecord)));
  append(versionEvent(at(0)), sessionStartEvent(at(0), { parameters: flatten(config), group }));
  if (older.length > 0) append(restartEvent(at(step + 1)));
  return {
    write: (atStep, values) => append(summaryEvent(at(atStep), values)),
    end: (atStep, isFinished) => append(sessionEndEvent(at(atStep), isFinished)),
  };
}

function dropAfter(file: string, step: number): void {
  const bytes = readFileSync(file);
  const kept = readRecords(bytes)
    .filter((record) => stepOfEvent(record) <= step)
    .map(frameRecord);
  const rewritten = Buffer.concat(kept);
  if (rewritten.length !== bytes.length) writeFileWhole(file, rewritten);
}

/** Readers take files in the order of their names, so time comes first; two tries may start in one second. */
function freeName(folder: string, seconds: number): string {
  const base = join(folder, `events.out.tfevents.${String(seconds).padStart(10, '0')}.reelmine`);
  for (let n = 0; ; n++) {
    const name = `${base}.${String(n).padStart(3, '0')}`;
    if (!existsSync(name)) return name;
  }
}

function flatten(config: Readonly<Record<string, unknown>>, prefix = ''): Record<string, HyperParameter> {
  const out: Record<string, HyperParameter> = {};
  for (const [name, value] of Object.entries(config)) {
    const key = `${prefix}${name}`;
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') out[key] = value;
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      Object.assign(out, flatten(value as Readonly<Record<string, unknown>>, `${key}.`));
    else out[key] = JSON.stringify(value);
  }
  return out;
}
