import type { SoundBlock } from '../../ingest/index.js';

/** A window cut from a track. */
export interface CutSound {
  /** Number of its first sample, from second 0 of the video's clock. */
  readonly start: number;
  /** float32 [samples] each. */
  readonly channels: readonly Float32Array[];
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly channels: readonly Float32Array[];
}

/**
 * Cuts windows from a track that is decoded once, block after block. Only as much of it is held as a window and its shift need, however
 * long the track is.
 */
export class SoundReader {
  readonly #blocks: AsyncIterator<SoundBlock>;
  readonly #rate: number;
  readonly #mostShift: number;
  #held: Piece[] = [];
  #first: number | null = null;
  #end = -Infinity;
  #done = false;

  /** A window may be moved by up to `mostShift` samples. */
  constructor(blocks: AsyncIterable<SoundBlock>, rate: number, mostShift: number) {
    this.#blocks = blocks[Symbol.asyncIterator]();
    this.#rate = rate;
    this.#mostShift = mostShift;
  }

  /** Samples of a channel that are held at the moment. */
  get heldSamples(): number {
    return this.#held.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Whether the track has given any sound so far. */
  get hasSound(): boolean {
    return this.#first !== null;
  }

  /**
   * The window that begins at this sample, moved into the track where it reaches beyond its ends; null where it would have to move too
   * far. Gaps inside are silent. Starts must not fall.
   */
  async cut(start: number, length: number): Promise<CutSound | null> {
    await this.#readUntil(start + length, start);
    if (this.#first === null) return null;
    const at = Math.max(start, this.#first);
    if (at > start) await this.#readUntil(at + length, start);
    return this.#lay(start, at, length);
  }

  #lay(start: number, wanted: number, length: number): CutSound | null {
    const at = Math.min(wanted, this.#end - length);
    if (at < this.#first! || Math.abs(at - start) > this.#mostShift) return null;
    const count = Math.max(1, ...this.#held.map(({ channels }) => channels.length));
    const channels = Array.from({ length: count }, () => new Float32Array(length));
    for (const piece of this.#held) lay(piece, at, channels);
    return { start: at, channels };
  }

  /** Ends decoding. */
  async close(): Promise<void> {
    this.#done = true;
    await this.#blocks.return?.();
  }

  /** Reads on; what ends before a window at `start` could begin is let go. */
  async #readUntil(end: number, start: number): Promise<void> {
    while (!this.#done && this.#end < end) {
      const { value, done } = (await this.#blocks.next()) as IteratorResult<SoundBlock, undefined>;
      if (done) this.#done = true;
      else this.#hold(value);
      while (this.#held.length > 0 && this.#held[0]!.end <= start - this.#mostShift) this.#held.shift();
    }
  }

  #hold({ seconds, channels }: SoundBlock): void {
    const start = Math.round(seconds * this.#rate);
    const end = start + channels[0]!.length;
    this.#first ??= start;
    this.#end = Math.max(this.#end, end);
    this.#held.push({ start, end, channels });
  }
}

/** A track whose number of channels changes: what is missing is the last one it has. */
function lay({ start, end, channels }: Piece, at: number, into: readonly Float32Array[]): void {
  const length = into[0]!.length;
  const from = Math.max(start, at);
  const until = Math.min(end, at + length);
  if (from >= until) return;
  into.forEach((target, n) => {
    const channel = channels[Math.min(n, channels.length - 1)]!;
    target.set(channel.subarray(from - start, until - start), from - at);
  });
}
