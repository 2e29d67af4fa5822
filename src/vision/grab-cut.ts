import { withMats } from './opencv.js';

/** What is known of a pixel beforehand, as OpenCV numbers it. */
export const grabCutHints = { background: 0, foreground: 1, probablyBackground: 2, probablyForeground: 3 } as const;

/**
 * What of a picture is foreground by its colours: those of the hinted foreground against those of the hinted background (GrabCut).
 *
 * @param rgb uint8 [height, width, 3].
 * @param hints uint8 [height, width] of `grabCutHints`; there must be pixels of both kinds.
 * @returns uint8 [height, width] of 0 and 1; the same for the same input, whatever was cut before.
 *
 * Source: Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH 2004; as OpenCV does it.
 */
export function grabCut(rgb: Uint8Array, hints: Uint8Array, width: number, height: number, rounds: number): Uint8Array {
  return withMats((hold, cv) => {
    const picture = hold(new cv.Mat(height, width, cv.CV_8UC3));
    const mask = hold(new cv.Mat(height, width, cv.CV_8UC1));
    const [background, foreground] = [hold(new cv.Mat()), hold(new cv.Mat())];
    picture.data.set(rgb);
    mask.data.set(hints);
    cv.setRNGSeed(1); // its k-means draws from one generator for the whole process
    const all = { x: 0, y: 0, width, height };
    cv.grabCut(picture, mask, all, background, foreground, rounds, cv.GC_INIT_WITH_MASK);
    return mask.data.map((value) => value & 1);
  });
}
