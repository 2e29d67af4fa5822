import { checkConfig, type MinedUnit, type VideoSource } from '../../../src/core/index.js';
import { mineVideo, unitedViews } from '../../../src/mining/index.js';
import miner from '../../../src/mining/stereo-pairs/index.js';
import {
  createStereoFilm,
  packStereo,
  type StereoFilm,
  type StereoPacking,
  type StereoView,
} from '../../../src/synthetic/index.js';
import { openReel, type Reel } from '../fakes.js';

/** A generated film whose frames are drawn once. */
export function keptFilm(seed: number, frames = 10): StereoFilm {
  const film = createStereoFilm({ seed, takes: [frames], things: 6, fps: 5 });
  const views = new Map<number, StereoView>();
  return {
    ...film,
    view(index) {
      let view = views.get(index);
      if (!view) {
        view = film.view(index);
        views.set(index, view);
      }
      return view;
    },
  };
}

export interface PackOptions {
  readonly packing: StereoPacking | 'left-alone' | 'left-twice';
  readonly order?: 'left-first' | 'right-first';
  /** Changes the eyes before they are packed. */
  readonly change?: (view: StereoView, index: number) => StereoView;
  readonly source?: Partial<VideoSource>;
}

/** A film as a reel of packed frames. */
export function packedReel(
  film: StereoFilm,
  { packing, order = 'left-first', change, source = {} }: PackOptions,
): Reel {
  const { width, height, fps, frameCount } = film;
  const isWide = packing === 'sbs-full' || packing === 'left-twice';
  return {
    id: `${packing}-${order}`,
    width: isWide ? 2 * width : width,
    height: packing === 'tb-full' ? 2 * height : height,
    fps,
    frames: frameCount,
    source,
    frame(i) {
      const view = change ? change(film.view(i), i) : film.view(i);
      if (packing === 'left-alone') return view.left;
      if (packing === 'left-twice') return packStereo(view.left, view.left, width, height, 'sbs-full').data;
      const [first, second] = order === 'left-first' ? [view.left, view.right] : [view.right, view.left];
      return packStereo(first, second, width, height, packing).data;
    },
  };
}

/** Everything the miner says of a reel's first shot. */
export async function mineReel(reel: Reel, set: Readonly<Record<string, unknown>> = {}): Promise<MinedUnit> {
  const { config } = checkConfig(miner.config, { cutMargin: 0, ...set });
  const signals = [{ name: miner.name, miner, config }];
  const video = openReel(reel, unitedViews(signals));
  const { signal } = new AbortController();
  const units = [{ shot: 0, signal: miner.name }];
  for await (const { unit } of mineVideo(video, { signals, units, seed: 1, stop: signal, signal })) return unit;
  throw new Error('There was no unit.');
}

/** How often each code was said. */
export function codesOf({ rejections }: MinedUnit): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(rejections).map(([code, { count }]) => [code, count]));
}

/** A film with cuts as a reel, side by side and whole, small: for what asks only that there be samples. */
export function stereoReel(
  id: string,
  { takes, seed = 21 }: { readonly takes: readonly number[]; readonly seed?: number },
): Reel {
  const film = createStereoFilm({ seed, takes, width: 192, height: 108, fps: 10, things: 6 });
  const packed = new Map<number, Uint8Array>();
  const reel = packedReel(film, { packing: 'sbs-full' });
  return {
    ...reel,
    id,
    cuts: film.cuts,
    frame(i) {
      const data = packed.get(i) ?? reel.frame(i);
      packed.set(i, data);
      return data;
    },
  };
}
