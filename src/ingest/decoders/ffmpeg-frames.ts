import type { TimeSpan } from '../../core/index.js';
import { runFfmpeg } from './ffmpeg-process.js';
import { parseShowinfo, type ShownFrame } from './ffmpeg-text.js';
import { conversionFlags, scaleFlags, scalesPlanes, type ViewPlan } from './geometry.js';

/** One decoded picture in every planned view. */
export interface StackedFrame {
  readonly pts: number;
  readonly duration: number;
  /** Of the picture as it is coded. */
  readonly width: number;
  readonly height: number;
  /** For each plan: uint8 [scaledHeight, scaledWidth, channels]. */
  readonly pictures: readonly Uint8Array[];
}

/** The stream's pictures as they are coded. */
export interface CodedPicture {
  readonly pixelFormat: string;
  readonly size: { readonly width: number; readonly height: number };
}

/**
 * Decodes once and scales to several sizes: ffmpeg stacks the views into one tall RGB picture on its one output, and says each picture's
 * time in its log, where `showinfo` counts along.
 */
export async function* readStackedFrames(
  binary: string,
  path: string,
  {
    stream,
    span,
    plans,
    chroma,
    coded,
    readOptions,
    stats,
    signal,
  }: {
    readonly stream: number;
    readonly span: TimeSpan | null;
    readonly plans: readonly ViewPlan[];
    /** Further options of the scale filter. */
    readonly chroma: string;
    readonly coded: CodedPicture;
    readonly readOptions: readonly string[];
    readonly stats: { framesDecoded: number; damagedPackets: number; interlacedFrames: number };
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<StackedFrame> {
  const width = Math.max(...plans.map((plan) => plan.scaledWidth));
  const frameBytes = width * 3 * plans.reduce((sum, plan) => sum + plan.scaledHeight, 0);
  const times = new Mailbox<ShownFrame>();
  const run = runFfmpeg(binary, path, {
    inputOptions: [...readOptions],
    outputOptions: [
      '-filter_complex',
      stackFilter(stream, span, { plans, width, chroma, coded }),
      '-map',
      '[out]',
      '-fps_mode',
      'passthrough',
      '-max_error_rate',
      '1',
    ],
    format: 'rawvideo',
    onLine(line) {
      const shown = parseShowinfo(line);
      if (shown) times.put(shown);
      else if (/Error submitting packet to decoder|Error while decoding/.test(line)) stats.damagedPackets++;
    },
    onEnd: () => times.close(),
    signal,
  });
  let rest: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of run.bytes()) {
    rest.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < frameBytes) continue;
    const whole = Buffer.concat(rest);
    let at = 0;
    for (; at + frameBytes <= bytes; at += frameBytes) {
      const shown = await times.take();
      if (!shown) return;
      stats.framesDecoded++;
      if (shown.interlaced) stats.interlacedFrames++;
      yield {
        pts: shown.pts,
        duration: shown.duration,
        width: shown.width,
        height: shown.height,
        pictures: unstack(whole.subarray(at, at + frameBytes), plans, width),
      };
    }
    rest = [whole.subarray(at)];
    bytes -= at;
  }
}

function stackFilter(
  stream: number,
  span: TimeSpan | null,
  {
    plans,
    width,
    chroma,
    coded,
  }: {
    readonly plans: readonly ViewPlan[];
    readonly width: number;
    readonly chroma: string;
    readonly coded: CodedPicture;
  },
): string {
  const trim = span ? `trim=start_pts=${span.startPts}:end_pts=${span.endPts},` : '';
  const labels = plans.map((_, i) => `[s${i}]`).join('');
  const views = plans.map((plan, i) => {
    const { scaledWidth, scaledHeight, channels, filter } = plan;
    const inPlanes = /^yuvj?420p$/.test(coded.pixelFormat) && scalesPlanes(plan, coded.size);
    const colours = inPlanes ? `format=${coded.pixelFormat},scale=flags=${conversionFlags({ filter })},` : '';
    const format = channels === 1 ? 'format=gray,format=rgb24' : 'format=rgb24';
    return `[s${i}]scale=${scaledWidth}:${scaledHeight}:flags=${scaleFlags({ filter })}${chroma},${colours}${format},setsar=1,pad=${width}:${scaledHeight}:0:0[v${i}]`;
  });
  const stack =
    plans.length === 1
      ? '[v0]null[out]'
      : `${plans.map((_, i) => `[v${i}]`).join('')}vstack=inputs=${plans.length}[out]`;
  return [`[0:${stream}]${trim}showinfo=checksum=0,split=${plans.length}${labels}`, ...views, stack].join(';');
}

function unstack(stacked: Uint8Array, plans: readonly ViewPlan[], width: number): readonly Uint8Array[] {
  let top = 0;
  return plans.map(({ scaledWidth, scaledHeight, channels }) => {
    const out = new Uint8Array(scaledWidth * scaledHeight * channels);
    const step = 3 / channels;
    for (let y = 0; y < scaledHeight; y++) {
      const from = (top + y) * width * 3;
      for (let x = 0; x < scaledWidth * channels; x++) out[y * scaledWidth * channels + x] = stacked[from + x * step]!;
    }
    top += scaledHeight;
    return out;
  });
}

/** Items put by one side and awaited by the other; null once it is closed and empty. */
class Mailbox<T> {
  readonly #items: T[] = [];
  #closed = false;
  #wake: () => void = () => {};

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async take(): Promise<T | null> {
    while (this.#items.length === 0 && !this.#closed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#items.shift() ?? null;
  }
}
