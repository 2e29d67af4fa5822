import type { Box } from '../core/index.js';
import { type CorrelationFilter, createCorrelationFilter, isFilterSide } from './tracker-correlation.js';
import {
  cellPixels,
  createPatchFeatures,
  hannWindow,
  type PatchFeatures,
  type TrackerFrame,
} from './tracker-features.js';
import { createGreyFeatures } from './tracker-grey.js';
import { chooseFactor, findPeak, type ResponsePeak } from './tracker-peak.js';

/** Settings of a tracker; ratios where no unit is named. */
export interface TrackerOptions {
  /** What a patch is described by: histograms of oriented gradients, or its grey values, which hold a place finer and a look less well. */
  readonly features?: 'histograms' | 'grey';
  /** Longer side of the search region in pixels of the template, whatever the size of the box: it sets the cost. */
  readonly template?: number;
  /** Side of the search region over that of the box. */
  readonly padding?: number;
  /** Also looks for the target somewhat larger and smaller, at three times the cost of looking. */
  readonly scale?: boolean;
  /** Width of the Gaussian kernel. */
  readonly sigma?: number;
  /** Weight of the ridge penalty. */
  readonly lambda?: number;
  /** Standard deviation of the wanted peak, over the side of the target in cells. */
  readonly peakSigma?: number;
  /** Share of each new frame in the model. */
  readonly learningRate?: number;
  /** Step between the sizes that are tried. */
  readonly scaleStep?: number;
  /** Factor on the peak of another size. */
  readonly scaleWeight?: number;
  /** A peak-to-sidelobe ratio below this means lost. */
  readonly minPeakToSidelobe?: number;
  /** A peak below this means lost. */
  readonly minPeak?: number;
}

/** What a tracker says of one frame. */
export interface TrackerUpdate {
  /** The target; its last known place where it is lost. */
  readonly box: Box;
  /** Height of the response, about 1 for a target that looks as learned. */
  readonly peak: number;
  readonly peakToSidelobe: number;
  /** The response is too weak, or leads out of the frame: the box stays, and the model learns nothing. */
  readonly isLost: boolean;
  /** The response is strong, but the centre of the box would lie outside the frame. */
  readonly hasLeftFrame: boolean;
  /** Size of the box over that at the start. */
  readonly scale: number;
}

/** Follows one box from frame to frame. */
export interface Tracker {
  /**
   * Learns the target; starts anew if it has been started before.
   *
   * @param box in pixels of the frame, its edges need not be whole.
   * @throws RangeError if the box is empty or its centre lies outside the frame.
   */
  start(frame: TrackerFrame, box: Box): void;
  /** Finds the target in the next frame, of the same size. */
  update(frame: TrackerFrame): TrackerUpdate;
  /** Lets its memory go; it may be started again. */
  dispose(): void;
}

/**
 * A kernelized correlation filter on histograms of oriented gradients, or on grey values. The search region is sampled down (or up) to a template of fixed
 * size, so that a large box costs what a small one does. Products, sums and square roots only: same frames, same bits.
 *
 * Source: Henriques et al., "High-Speed Tracking with Kernelized Correlation Filters", PAMI 2015.
 * Differs: displacements between cells; three sizes are tried from the same state; it says when the target is lost, and then
 * neither moves nor learns.
 */
export function createTracker(options: TrackerOptions = {}): Tracker {
  const settings = checked(options);
  let live: LiveTrack | null = null;
  return {
    start(frame, box) {
      live = startTrack(frame, box, settings, live);
    },
    update(frame) {
      if (!live) throw new Error('The tracker has not been started.');
      return updateTrack(live, frame, settings);
    },
    dispose() {
      live = null;
    },
  };
}

type Settings = Required<TrackerOptions>;

/** A running track: everything that changes from frame to frame. */
interface LiveTrack {
  readonly features: PatchFeatures;
  /** Template pixels along a side of one element of the features. */
  readonly cell: number;
  readonly filter: CorrelationFilter;
  readonly startBox: Box;
  /** Frame pixels per template pixel at the start. */
  readonly pitch: number;
  x: number;
  y: number;
  scale: number;
}

/** Where grey values need other settings. */
const greyDefaults = { template: 96, padding: 2.5, sigma: 0.2, peakSigma: 0.0625, learningRate: 0.02 } as const;

function checked(options: TrackerOptions): Settings {
  const settings: Settings = {
    features: 'histograms',
    template: 128,
    padding: 2,
    scale: false,
    sigma: 0.6,
    lambda: 1e-4,
    peakSigma: 0.125,
    learningRate: 0.012,
    scaleStep: 1.05,
    scaleWeight: 0.95,
    minPeakToSidelobe: 6.5, // generated tracks at 128 and 2: 6.5 and more where it was held, 5.5 and less where it was gone
    minPeak: 0.2,
    ...(options.features === 'grey' ? greyDefaults : {}),
    ...options,
  };
  for (const [name, value] of Object.entries(settings) as [string, unknown][]) {
    if (typeof value === 'number' && !(value >= 0)) throw new RangeError(`${name} must not be negative, got ${value}.`);
  }
  const { template, padding, scaleStep } = settings;
  if (!(template >= 32 && template <= 512)) throw new RangeError(`template must be 32 to 512 pixels, got ${template}.`);
  if (!(padding > 1)) throw new RangeError(`padding must be above 1, got ${padding}.`);
  if (!(scaleStep > 1)) throw new RangeError(`scaleStep must be above 1, got ${scaleStep}.`);
  return settings;
}

function startTrack(frame: TrackerFrame, box: Box, settings: Settings, previous: LiveTrack | null): LiveTrack {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  if (!(box.width > 0 && box.height > 0))
    throw new RangeError(`An empty box cannot be followed: ${JSON.stringify(box)}.`);
  if (!isInside(frame, x, y))
    throw new RangeError(`The centre of the box lies outside the frame: ${JSON.stringify(box)}.`);
  const { template, padding } = settings;
  const isGrey = settings.features === 'grey';
  const cell = isGrey ? 1 : cellPixels;
  const longer = Math.max(box.width, box.height);
  const columns = nearestSide((template * box.width) / longer / cell);
  const rows = nearestSide((template * box.height) / longer / cell);
  const fits = previous?.cell === cell && previous.features.columns === columns && previous.features.rows === rows;
  const create = isGrey ? createGreyFeatures : createPatchFeatures;
  const live: LiveTrack = {
    features: fits ? previous.features : create({ columns, rows, window: hannWindow(columns, rows) }),
    cell,
    filter: createCorrelationFilter({
      columns,
      rows,
      featureCount: isGrey ? 1 : 31,
      sigma: settings.sigma,
      lambda: settings.lambda,
      peakSigma: (Math.sqrt(columns * rows) / padding) * settings.peakSigma,
    }),
    startBox: box,
    pitch: (padding * longer) / template,
    x,
    y,
    scale: 1,
  };
  live.filter.learn(look(live, frame, 1), 1);
  return live;
}

function updateTrack(live: LiveTrack, frame: TrackerFrame, settings: Settings): TrackerUpdate {
  const { scale, scaleStep, scaleWeight, minPeak, minPeakToSidelobe, learningRate } = settings;
  const { found, factor } = scale
    ? searchSizes(live, frame, scaleStep, scaleWeight)
    : { found: search(live, frame, 1), factor: 1 };
  const { peak, peakToSidelobe } = found;
  const pixels = live.cell * live.pitch * live.scale * factor;
  const [x, y] = [live.x + found.x * pixels, live.y + found.y * pixels];
  const isWeak = peak < minPeak || peakToSidelobe < minPeakToSidelobe;
  const hasLeftFrame = !isWeak && !isInside(frame, x, y);
  const isLost = isWeak || hasLeftFrame;
  if (!isLost) {
    [live.x, live.y] = [x, y];
    live.scale *= factor;
    live.filter.learn(look(live, frame, 1), learningRate);
  }
  return { box: boxOf(live), peak, peakToSidelobe, isLost, hasLeftFrame, scale: live.scale };
}

function search(live: LiveTrack, frame: TrackerFrame, factor: number): ResponsePeak {
  const { columns, rows } = live.features;
  return findPeak(live.filter.respond(look(live, frame, factor)), columns, rows);
}

/** The best of three sizes, all seen from the same state. Between them the size is the top of the parabola through their peaks. */
function searchSizes(
  live: LiveTrack,
  frame: TrackerFrame,
  step: number,
  weight: number,
): { readonly found: ResponsePeak; readonly factor: number } {
  const same = search(live, frame, 1);
  const smaller = search(live, frame, 1 / step);
  const larger = search(live, frame, step);
  const factor = chooseFactor([smaller.peak, same.peak, larger.peak], step, weight);
  return { found: factor === step ? larger : factor === 1 / step ? smaller : same, factor };
}

/** Features about the present place, at a size of `factor` times the present one. */
function look(live: LiveTrack, frame: TrackerFrame, factor: number): Float32Array {
  return live.features.extract(frame, { x: live.x, y: live.y, scale: live.pitch * live.scale * factor });
}

function boxOf({ x, y, scale, startBox }: LiveTrack): Box {
  const [width, height] = [startBox.width * scale, startBox.height * scale];
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function isInside(frame: TrackerFrame, x: number, y: number): boolean {
  return x >= 0 && y >= 0 && x <= frame.width && y <= frame.height;
}

/** The side that a filter can have and that lies nearest, at least 8 cells. */
function nearestSide(cells: number): number {
  const sides = Array.from({ length: 128 }, (_, i) => 4 * (i + 2)).filter(isFilterSide);
  return sides.reduce((best, side) => (Math.abs(side - cells) < Math.abs(best - cells) ? side : best));
}
