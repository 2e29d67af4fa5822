import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Box, Frame, TimeBase, TimeSpan, View } from '../../core/index.js';
import type { SequentialPass, ViewFrame } from './decoder.js';
import { createFramePicker } from './frame-picker.js';

/** A picture of a decoder, as far as its times go. */
export interface TimedPicture {
  readonly pts: number;
  /** Ticks; 0 if unknown. */
  readonly duration: number;
}

/** Pictures from the first on; one at a time, in order of presentation. */
export interface PictureFeed<P extends TimedPicture> {
  /** Null after the last. A picture stays valid until the second call after the one that gave it. */
  next(): P | null | Promise<P | null>;
  close(): void | Promise<void>;
}

/** Decoding is synchronous in places: after this many pictures timers and signals get their turn. */
const picturesPerTurn = 16;

/**
 * A pass that decodes from the first picture on and keeps its place between spans. What a span shows does therefore not
 * depend on the spans that were asked for before it. `start` begins at the first picture, `show` gives a picture in one
 * of the views.
 */
export function createSequentialPass<P extends TimedPicture>({
  start,
  show,
  views,
  timeBase,
  signal,
  onCrop,
}: {
  readonly start: () => PictureFeed<P>;
  readonly show: (picture: P, view: string) => Frame;
  readonly views: Readonly<Record<string, View | null>>;
  readonly timeBase: TimeBase;
  /** Told before each span what of the picture it is to show. */
  readonly onCrop?: (crop: Box | null) => void;
  readonly signal?: AbortSignal | undefined;
}): SequentialPass {
  let feed: PictureFeed<P> | null = null;
  const state: { ahead: P | null } = { ahead: null }; // read, and not yet shown or passed over
  let passed = -Infinity; // time of the last picture that was
  let turn = 0;
  const advance = async (): Promise<void> => {
    if (++turn % picturesPerTurn === 0) await yieldToEvents();
    signal?.throwIfAborted();
    state.ahead = await feed!.next();
  };
  const upcoming = (): P | null => state.ahead;
  const begin = async (): Promise<void> => {
    await feed?.close();
    feed = start();
    passed = -Infinity;
    await advance();
  };
  return {
    async *spanFrames(span: TimeSpan, crop: Box | null = null): AsyncGenerator<ViewFrame> {
      onCrop?.(crop);
      const pickers = Object.entries(views).map(([name, view]) => ({
        name,
        picker: createFramePicker(view?.fps ?? null, span, timeBase),
      }));
      if (!feed || passed >= span.startPts) await begin();
      while (state.ahead && state.ahead.pts < span.startPts) {
        passed = state.ahead.pts;
        await advance();
      }
      while (state.ahead && state.ahead.pts < span.endPts) {
        const picture = state.ahead;
        passed = picture.pts;
        await advance();
        const after = upcoming();
        const next = after && after.pts < span.endPts ? after.pts : null;
        for (const { name, picker } of pickers) {
          if (picker.takes(picture.pts, next, picture.pts + picture.duration)) {
            yield { view: name, frame: show(picture, name) };
          }
        }
      }
    },
    async close() {
      await feed?.close();
      feed = null;
    },
  };
}

/** A pass of a decoder that has to begin again where another part of the picture is wanted. */
export function openCroppedPass(open: (crop: Box | null) => SequentialPass): SequentialPass {
  let current: { readonly key: string; readonly pass: SequentialPass } | null = null;
  return {
    async *spanFrames(span, crop = null) {
      const key = JSON.stringify(crop);
      if (current?.key !== key) {
        await current?.pass.close();
        current = { key, pass: open(crop) };
      }
      yield* current.pass.spanFrames(span);
    },
    async close() {
      await current?.pass.close();
      current = null;
    },
  };
}
