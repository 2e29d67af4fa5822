import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { ConfigError } from '../../core/index.js';
import type { EstimatorFrame } from '../../mining/index.js';
import { decodeImage } from '../../vision/index.js';
import { foldersAt, picturePaths } from './truth.js';

/** Two rectified pictures and how far each pixel of the left one lies to the left in the right one. */
export interface DisparityPair {
  readonly name: string;
  readonly load: () => Promise<{
    readonly frames: readonly [left: EstimatorFrame, right: EstimatorFrame];
    /** float32 [height, width] in pixels, NaN where unknown. */
    readonly disparity: Float32Array;
    /** uint8 [height, width]: 1 where the right eye sees the place too; null where only one eye's truth is there. */
    readonly visible: Uint8Array | null;
  }>;
}

/** How Middlebury names its pairs, and what one pixel of disparity is stored as: 2001 and 2003 by 4, 2005 and 2006 at third and half size by 2 or as said. */
const namings = [
  { pictures: ['im2', 'im6'], truths: ['disp2', 'disp6'], scale: 4 },
  { pictures: ['view1', 'view5'], truths: ['disp1', 'disp5'], scale: null },
] as const;

/** Stored values are disparities of the full size, whatever size the pictures have; by their width, 2005 and 2006. */
const fullWidth = 1200;

/**
 * The pairs at and under a folder, as Middlebury lays them out: `im2`, `im6`, `disp2` and `disp6`, stored fourfold; or `view1`, `view5`,
 * `disp1` and `disp5`, stored at the disparity of the full size (twofold in pictures of half size, threefold of a third). 0 is unknown.
 */
export function openDisparityPairs(dir: string): readonly DisparityPair[] {
  return foldersAt(dir).flatMap((folder) => {
    const byName = new Map(picturePaths(folder).map((path) => [basename(path).replace(/\.[^.]+$/, ''), path]));
    return namings.flatMap(({ pictures, truths, scale }) => {
      const [left, right] = pictures.map((name) => byName.get(name));
      const [own, other] = truths.map((name) => byName.get(name));
      if (left === undefined || right === undefined || own === undefined) return [];
      const load = async () => {
        const frames = [await readEye(left), await readEye(right)] as const;
        const factor = scale ?? Math.max(1, Math.round(fullWidth / frames[0].width));
        const disparity = await readDisparity(own, factor, frames[0]);
        const fellow = other === undefined ? null : await readDisparity(other, factor, frames[0]);
        return { frames, disparity, visible: fellow && seenByBoth(disparity, fellow, frames[0].width) };
      };
      return [{ name: relative(dir, folder) || basename(folder), load }];
    });
  });
}

async function readEye(path: string): Promise<EstimatorFrame> {
  return { ...(await decodeImage(readFileSync(path))), seconds: 0 };
}

async function readDisparity(path: string, factor: number, frame: EstimatorFrame): Promise<Float32Array> {
  const { data, width, height, channels } = await decodeImage(readFileSync(path));
  if (width !== frame.width || height !== frame.height)
    throw new ConfigError(`${path} is of ${width}×${height} pixels, its picture of ${frame.width}×${frame.height}.`, {
      context: { path },
    });
  return Float32Array.from({ length: width * height }, (_, i) => {
    const value = data[i * channels]!;
    return value === 0 ? NaN : value / factor;
  });
}

/** Where both truths agree to within a pixel: elsewhere something hides the place from the right eye. */
export function seenByBoth(left: Float32Array, right: Float32Array, width: number): Uint8Array {
  return Uint8Array.from(left, (d, i) => {
    const x = i % width;
    const to = Math.round(x - d);
    return Number(to >= 0 && to < width && Math.abs(right[i - x + to]! - d) <= 1);
  });
}
