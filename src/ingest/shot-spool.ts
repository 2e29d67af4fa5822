import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, View } from '../core/index.js';
import type { ViewFrame } from './decoders/decoder.js';

/** The frames of one shot in several views, decoded once and read any number of times, or once. */
export interface ShotSpool {
  /**
   * Frames of one view from the first on; decodes further only when it has read all that is there. Each frame belongs to its receiver:
   * a copy of what is kept, or what was kept until then where the view is read once.
   *
   * @throws RangeError where such a view is read again.
   */
  read(view: string): AsyncIterable<Frame>;
  /** Ends the decoding and drops everything; readers still running end with an error. */
  close(): Promise<void>;
}

interface KeptFrame {
  readonly width: number;
  readonly height: number;
  readonly pts: number;
  /** In memory, or where it lies in the scratch file. */
  readonly data: Uint8Array | { readonly offset: number; readonly bytes: number };
}

/** A spool over one pass of a decoder, which gives these views. */
export function createShotSpool(
  pass: AsyncIterable<ViewFrame>,
  views: Readonly<Record<string, Pick<View, 'readOnce'>>>,
  { scratch, maxSpoolBytes }: { readonly scratch: string; readonly maxSpoolBytes: number },
): ShotSpool {
  const kept = new Map<string, (KeptFrame | null)[]>(Object.keys(views).map((view) => [view, []]));
  const begun = new Set<string>(); // views that are read once, and their reader has come
  const left = new Set<string>(); // and is gone
  const source = pass[Symbol.asyncIterator]();
  let file: { readonly folder: string; readonly handle: number; bytes: number } | null = null;
  let memoryBytes = 0;
  let ended = false;
  let closed = false;
  let failure: { readonly error: unknown } | null = null;
  let step: Promise<void> | null = null;

  const keep = ({ data, width, height, pts }: Frame): KeptFrame => {
    if (memoryBytes + data.byteLength <= maxSpoolBytes) {
      memoryBytes += data.byteLength;
      return { width, height, pts, data };
    }
    if (!file) {
      const folder = mkdtempSync(join(scratch, 'reelmine-spool-'));
      file = { folder, handle: openSync(join(folder, 'frames'), 'w+'), bytes: 0 };
    }
    const offset = file.bytes;
    for (let at = 0; at < data.byteLength;) at += writeSync(file.handle, data, at, data.byteLength - at, offset + at);
    file.bytes += data.byteLength;
    return { width, height, pts, data: { offset, bytes: data.byteLength } };
  };
  const load = ({ data, width, height, pts }: KeptFrame, once: boolean): Frame => {
    if (data instanceof Uint8Array) {
      if (once) memoryBytes -= data.byteLength;
      return { data: once ? data : data.slice(), width, height, pts };
    }
    const out = new Uint8Array(data.bytes);
    for (let at = 0; at < data.bytes;) at += readSync(file!.handle, out, at, data.bytes - at, data.offset + at);
    return { data: out, width, height, pts };
  };
  /** What the one reader of a view has left unread is of use to nobody. */
  const forget = (view: string): void => {
    left.add(view);
    const frames = kept.get(view)!;
    for (const frame of frames) if (frame?.data instanceof Uint8Array) memoryBytes -= frame.data.byteLength;
    frames.length = 0;
  };
  const decodeOne = async () => {
    try {
      const next: IteratorResult<ViewFrame, unknown> = await source.next();
      if (next.done) ended = true;
      else if (!left.has(next.value.view)) kept.get(next.value.view)!.push(keep(next.value.frame));
    } catch (error) {
      failure = { error };
      ended = true;
    }
  };
  return {
    async *read(view) {
      const frames = kept.get(view)!;
      const once = views[view]?.readOnce === true;
      if (begun.has(view)) throw new RangeError(`The view ${view} is read once, and was read before in this shot.`);
      if (once) begun.add(view);
      try {
        for (let i = 0; ; i++) {
          while (i >= frames.length && !ended) {
            if (closed) throw dropped();
            // Readers that wait at the same time share one step.
            step ??= decodeOne().finally(() => (step = null));
            await step;
          }
          if (closed) throw dropped();
          if (i >= frames.length) {
            if (failure) throw failure.error;
            return;
          }
          const frame = load(frames[i]!, once);
          if (once) frames[i] = null;
          yield frame;
        }
      } finally {
        if (once) forget(view);
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await step;
      await source.return?.();
      kept.forEach((frames) => (frames.length = 0));
      if (file) {
        closeSync(file.handle);
        rmSync(file.folder, { recursive: true, force: true });
      }
    },
  };
}

function dropped(): Error {
  return new Error('The shot was dropped while it was read: another shot was asked for, or the video was closed.');
}
