import { MediaError, type Frame } from '../../../src/core/index.js';
import { decoders } from '../../../src/ingest/decoders/index.js';
import type { Decoder } from '../../../src/ingest/decoders/decoder.js';
import { psnr } from '../compare.js';

/** What both decoders make of one file. */
export interface Agreement {
  /** Frames of each; null where it cannot be used. */
  readonly frames: Readonly<Record<'libav' | 'ffmpeg', number | null>>;
  /** Ledger codes where it cannot be used. */
  readonly codes: Readonly<Record<'libav' | 'ffmpeg', string | null>>;
  /** Whether every frame of one has a frame of the other at its time. */
  readonly sameTimes: boolean;
  /** dB, of the frame that differs most; Infinity where all pixels are equal. */
  readonly worstPsnr: number;
}

const view = { width: 256, height: 192, fit: 'contain', fps: null, channels: 3 } as const;

/** Says why both decoders cannot be compared here; null if they can. */
export async function cannotCompare(): Promise<string | null> {
  for (const name of decoders.names) {
    const reason = await (await decoders.load(name)).unavailable();
    if (reason !== null) return reason;
  }
  return null;
}

/** Decodes a file with both decoders side by side; one pair of frames is held at a time. */
export async function compareDecoders(path: string): Promise<Agreement> {
  const [libav, ffmpeg] = await Promise.all(
    ['libav', 'ffmpeg'].map(async (name) => follow(await decoders.load(name), path)),
  );
  let sameTimes = true;
  let worstPsnr = Infinity;
  for (;;) {
    const [a, b] = await Promise.all([libav!.next(), ffmpeg!.next()]);
    if (!a && !b) break;
    if (a?.pts !== b?.pts) sameTimes = false;
    if (a && b) worstPsnr = Math.min(worstPsnr, psnr(a.data, b.data));
  }
  return {
    frames: { libav: libav!.count(), ffmpeg: ffmpeg!.count() },
    codes: { libav: libav!.code(), ffmpeg: ffmpeg!.code() },
    sameTimes,
    worstPsnr,
  };
}

interface Followed {
  next(): Promise<Frame | null>;
  count(): number | null;
  code(): string | null;
}

async function follow(decoder: Decoder, path: string): Promise<Followed> {
  let count = 0;
  let code: string | null = null;
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      code = error.code;
      return null;
    }
  };
  const session = await attempt(() => decoder.open(path));
  const frames = session?.frames({ span: null, view })[Symbol.asyncIterator]();
  return {
    async next() {
      const step = frames && (await attempt(() => frames.next()));
      if (!step || step.done === true) {
        await session?.close();
        return null;
      }
      count++;
      return step.value;
    },
    count: () => (code === null ? count : null),
    code: () => code,
  };
}
