import { RateMeter, type ProgressEvent, type WarningEvent } from '../core/index.js';

/** Where progress and logs of a command go. */
export interface Terminal {
  /** Shows a job's event. */
  show(event: ProgressEvent | WarningEvent): void;
  /** A line for people, above any bar. */
  log(line: string): void;
  /** Removes the bar and ends a line in the making. */
  close(): void;
}

/** How progress is shown: `json` writes NDJSON. */
export type ProgressStyle = 'auto' | 'json' | 'none';

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const plainIntervalMs = 10_000;
const barIntervalMs = 100;

/**
 * Progress on a stream: a bar with rate and remaining time on a terminal, one plain line per interval elsewhere,
 * NDJSON for `json`. `NO_COLOR` is respected by using no colour at all.
 * `now` is a clock in milliseconds.
 */
export function createTerminal(
  output: Output,
  { style, verbose, now }: { readonly style: ProgressStyle; readonly verbose: boolean; readonly now: () => number },
): Terminal {
  const meters = new Map<string, RateMeter>();
  const isBar = style === 'auto' && output.isTTY === true;
  let barLength = 0;
  let shownAt = -Infinity;
  const clearBar = () => {
    if (barLength > 0) output.write(`\r${' '.repeat(barLength)}\r`);
    barLength = 0;
  };
  const log = (line: string) => {
    clearBar();
    output.write(`${line}\n`);
  };
  return {
    show(event) {
      if (style === 'json') {
        output.write(`${JSON.stringify({ ...event, atMs: Math.round(now()) })}\n`);
        return;
      }
      if (event.kind === 'warning') {
        if (style !== 'none' || verbose) log(`${event.stage}: ${event.message}`);
        return;
      }
      if (style === 'none') return;
      const meter = meters.get(event.stage) ?? new RateMeter(now);
      meters.set(event.stage, meter);
      const measured = meter.measure(event);
      const isLast = event.total !== null && event.done >= event.total;
      if (!isLast && now() - shownAt < (isBar ? barIntervalMs : plainIntervalMs)) return;
      shownAt = now();
      if (isLast) meters.delete(event.stage);
      if (!isBar) {
        output.write(`${progressLine(event, measured)}\n`);
        return;
      }
      const line = barLine(event, measured, (output.columns ?? 80) - 1);
      output.write(`\r${line.padEnd(barLength)}`);
      barLength = line.length;
      if (isLast) {
        output.write('\n');
        barLength = 0;
      }
    },
    log,
    close: clearBar,
  };
}

type Measured = ReturnType<RateMeter['measure']>;

function progressLine(event: ProgressEvent, measured: Measured): string {
  const of = event.total === null ? '' : `/${event.total}`;
  const parts = [`${event.stage} ${event.done}${of} ${event.unit}`];
  if (measured) {
    parts.push(`${formatRate(measured.rate)} ${event.unit}/s`);
    if (measured.etaSeconds !== null && measured.etaSeconds > 0)
      parts.push(`${formatSeconds(measured.etaSeconds)} left`);
  }
  for (const [name, count] of Object.entries(event.counts ?? {})) if (count > 0) parts.push(`${count} ${name}`);
  if (event.note !== undefined) parts.push(event.note);
  return parts.join(', ');
}

function barLine(event: ProgressEvent, measured: Measured, columns: number): string {
  const text = progressLine(event, measured);
  if (event.total === null || columns < 40) return text.slice(0, columns);
  const width = Math.max(10, Math.min(24, columns - text.length - 3));
  const full = Math.round((width * Math.min(event.done, event.total)) / Math.max(1, event.total));
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${text}`.slice(0, columns);
}

function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate >= 1 ? rate.toFixed(1) : rate.toPrecision(2);
}

/** `1 h 02 min`, `3 min 05 s` or `12 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${whole} s`;
}

/** A table of text columns, the first to the left and the others to the right, two blanks between them. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
