import { cutSuperpixels } from '../../vision/index.js';
import type { MotionMasksConfig } from './config.js';

/** The regions of one frame, as they vote. */
export interface FrameRegions {
  /** uint16 [height, width]: region of every pixel. */
  readonly labels: Uint16Array;
  readonly count: number;
  /** float32 [count, descriptorLength]; what tells regions apart best comes first. */
  readonly descriptors: Float32Array;
  /** float32 [count, 2]: mean place of each region, pixels. */
  readonly places: Float32Array;
}

/** Values of a descriptor: 29, and zeros up to a multiple of 4. */
export const descriptorLength = 32;
/** Values before the histograms: place and colour, which tell regions apart best. */
const descriptorLead = 5;

const bins = 8;
const windowReach = 7;

/**
 * Cuts a frame into regions and describes each by place, mean colour in Lab, and histograms of L, a and b over the 15×15 pixels around
 * it: square roots of shares, halved.
 *
 * @param rgb uint8 [height, width, 3].
 */
export function describeRegions(
  rgb: Uint8Array,
  width: number,
  height: number,
  { regions, compactness }: Pick<MotionMasksConfig, 'regions' | 'compactness'>,
): FrameRegions {
  const { labels, count, centres, lab } = cutSuperpixels(rgb, width, height, { regions, compactness });
  const binned = binPixels(lab, width * height);
  const descriptors = new Float32Array(count * descriptorLength);
  const places = new Float32Array(2 * count);
  const histogram = new Int32Array(3 * bins);
  for (let n = 0; n < count; n++) {
    const [l, a, b, x, y] = centres.subarray(5 * n, 5 * n + 5) as unknown as [number, number, number, number, number];
    places[2 * n] = x;
    places[2 * n + 1] = y;
    const at = n * descriptorLength;
    descriptors.set([x / width, y / height, l / 255, a / 80, b / 80], at);
    const pixels = countBins(binned, width, height, Math.round(x), Math.round(y), histogram);
    for (let k = 0; k < histogram.length; k++)
      descriptors[at + descriptorLead + k] = 0.5 * Math.sqrt(histogram[k]! / pixels);
  }
  return { labels: Uint16Array.from(labels), count, descriptors, places };
}

/** Bins of the three planes, uint8 [3, pixels]: L in steps of 32, a and b in steps of 10 from 88 on. */
function binPixels(lab: Float32Array, pixels: number): Uint8Array {
  const out = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    out[i] = Math.min(bins - 1, Math.max(0, (lab[i]! / 32) | 0));
    for (let c = 1; c < 3; c++) {
      out[c * pixels + i] = bins * c + Math.min(bins - 1, Math.max(0, ((lab[c * pixels + i]! - 88) / 10) | 0));
    }
  }
  return out;
}

function countBins(
  binned: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  histogram: Int32Array,
): number {
  histogram.fill(0);
  const [left, right] = [Math.max(0, x - windowReach), Math.min(width - 1, x + windowReach)];
  const [top, bottom] = [Math.max(0, y - windowReach), Math.min(height - 1, y + windowReach)];
  const pixels = width * height;
  for (let v = top; v <= bottom; v++) {
    for (let i = v * width + left; i <= v * width + right; i++) {
      histogram[binned[i]!]!++;
      histogram[binned[pixels + i]!]!++;
      histogram[binned[2 * pixels + i]!]!++;
    }
  }
  return (right - left + 1) * (bottom - top + 1);
}

/** Mean of a map over every region, float32 [count]. */
export function regionMeans(
  map: Float32Array,
  { labels, count }: Pick<FrameRegions, 'labels' | 'count'>,
): Float32Array {
  const sums = new Float64Array(count);
  const pixels = new Int32Array(count);
  for (let i = 0; i < labels.length; i++) {
    sums[labels[i]!]! += map[i]!;
    pixels[labels[i]!]!++;
  }
  return Float32Array.from(sums, (sum, n) => sum / Math.max(1, pixels[n]!));
}
