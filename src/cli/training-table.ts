import { RateMeter, type ProgressEvent } from '../core/index.js';
import { formatSeconds, formatTable } from './terminal.js';

interface Output {
  write(text: string): unknown;
}

/** A table on a terminal that is drawn over itself. */
export interface TrainingTable {
  show(event: ProgressEvent): void;
  /** Leaves what is drawn where it stands; the next drawing comes below. */
  release(): void;
}

interface Seen {
  readonly first: number;
  lowest: number;
  last: number;
}

const intervalMs = 200;

/** Names that stand in the table's head line, not among the terms of the loss. */
const shownAbove: ReadonlySet<string> = new Set([
  'step',
  'epoch',
  'learningRate',
  'samplesPerSecond',
  'dataWaitShare',
  'residentMegabytes',
  'engineMegabytes',
]);

/**
 * How a training stands, as a live table: rates and remaining time above, below it every term of the loss and score with its first,
 * lowest and newest value.
 *
 * @param now clock in milliseconds.
 */
export function createTrainingTable(output: Output, now: () => number): TrainingTable {
  const meter = new RateMeter(now);
  const terms = new Map<string, Seen>();
  let drawn = 0;
  let shownAt = -Infinity;
  return {
    show(event) {
      const measured = meter.measure(event);
      const isLast = event.total !== null && event.done >= event.total;
      noteTerms(terms, event.values ?? {});
      if (!isLast && now() - shownAt < intervalMs) return;
      shownAt = now();
      const lines = [headLine(event, measured), ...stateLine(event.values ?? {}), ...termLines(terms)];
      output.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : ''}${lines.join('\n')}\n`);
      drawn = isLast ? 0 : lines.length;
    },
    release() {
      drawn = 0;
    },
  };
}

function noteTerms(terms: Map<string, Seen>, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (shownAbove.has(name)) continue;
    const seen = terms.get(name);
    if (!seen) terms.set(name, { first: value, lowest: value, last: value });
    else {
      seen.last = value;
      seen.lowest = Math.min(seen.lowest, value);
    }
  }
}

function headLine(event: ProgressEvent, measured: ReturnType<RateMeter['measure']>): string {
  const parts = [`${event.stage} ${event.done}${event.total === null ? '' : `/${event.total}`} ${event.unit}`];
  if (measured) {
    parts.push(`${measured.rate.toPrecision(3)} ${event.unit}/s`);
    if (measured.etaSeconds !== null) parts.push(`${formatSeconds(measured.etaSeconds)} left`);
  }
  return parts.join(' · ');
}

function stateLine(values: Readonly<Record<string, number>>): string[] {
  const { epoch, learningRate, samplesPerSecond, dataWaitShare, residentMegabytes } = values;
  if (learningRate === undefined) return [];
  return [
    [
      `epoch ${epoch ?? 0}`,
      `learning rate ${learningRate.toPrecision(3)}`,
      `${(samplesPerSecond ?? 0).toPrecision(3)} samples/s`,
      `${((dataWaitShare ?? 0) * 100).toFixed(1)} % waiting for data`,
      `${(residentMegabytes ?? 0).toFixed(0)} MB`,
    ].join(' · '),
  ];
}

function termLines(terms: ReadonlyMap<string, Seen>): string[] {
  if (terms.size === 0) return [];
  const number = (value: number) => value.toPrecision(4);
  const rows = [...terms].map(([name, { first, lowest, last }]) => [name, number(first), number(lowest), number(last)]);
  return formatTable([['', 'first', 'lowest', 'now'], ...rows]).split('\n');
}
