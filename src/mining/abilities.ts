import type { Box, Frame, Sample, SampleSpec, VideoSource } from '../core/index.js';

/** A picture handed to an estimator, as its truth has it: display size, nothing scaled or cropped. */
export interface EstimatorFrame {
  /** uint8 [height, width, channels], row-major: RGB for 3 channels, luma for 1. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** When it is shown; evenly spaced where the truth has no times. */
  readonly seconds: number;
}

/** Where a thing is in every frame of a sequence, from its place in the first. */
export interface BoxEstimator<C> {
  readonly kind: 'boxes';
  /**
   * One entry for each frame, the first included: its box in pixels of that frame, or null where the thing is lost.
   * `hints.first` is the true box in the first frame.
   */
  run(
    frames: AsyncIterable<EstimatorFrame>,
    config: C,
    hints: { readonly first: Box },
  ): Promise<readonly (Box | null)[]>;
}

/** Where a film is cut. */
export interface CutEstimator<C> {
  readonly kind: 'cuts';
  /** Numbers, from 0 and rising, of the frames that are the first of a new take; 0 itself is none. */
  run(frames: AsyncIterable<EstimatorFrame>, config: C): Promise<readonly number[]>;
}

/** Where each pixel goes from one frame to the next. */
export interface FlowEstimator<C> {
  readonly kind: 'flow';
  /** float32 [height, width, 2] in pixels of the first frame: x right, y down; NaN where it gives none. */
  run(frames: readonly [EstimatorFrame, EstimatorFrame], config: C): Promise<Float32Array>;
}

/** What moves by itself in one frame. */
export interface MaskEstimate {
  /** uint8 [height, width] of 0 and 1. */
  readonly mask: Uint8Array;
  /** Whether the miner would take the frame for a sample. */
  readonly isKept: boolean;
  /** How sure it is, 0–1; only its order means anything. */
  readonly confidence: number;
  /** What the miner would say without some of its steps, by name: masks like `mask`, for comparison. */
  readonly rivals?: Readonly<Record<string, Uint8Array>>;
}

/** What moves by itself in each frame of a sequence. */
export interface MaskEstimator<C> {
  readonly kind: 'mask';
  /** One entry for each frame, or null where it says nothing of the frame. */
  run(frames: AsyncIterable<EstimatorFrame>, config: C): Promise<readonly (MaskEstimate | null)[]>;
}

/** How far each pixel of a left picture lies to the left in the right one. */
export interface DisparityEstimator<C> {
  readonly kind: 'disparity';
  /** float32 [height, width] in pixels, positive; NaN where it gives none. */
  run(pair: readonly [left: EstimatorFrame, right: EstimatorFrame], config: C): Promise<Float32Array>;
}

/** What `eval mining` scores: a miner's own judgement of given frames, with nothing else decided around it. */
export type Estimator<C> =
  BoxEstimator<C> | CutEstimator<C> | FlowEstimator<C> | MaskEstimator<C> | DisparityEstimator<C>;

/** A still picture for `inspect --html`. */
export interface DrawnStill {
  /** uint8 [height, width, 3]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly caption: string;
  /** A WAV file that the page plays with it. */
  readonly wave?: Uint8Array;
}

/** Pictures for `inspect --html` that the page plays. */
export interface DrawnClip {
  /** Each uint8 [height, width, 3]. */
  readonly frames: readonly Uint8Array[];
  readonly framesPerSecond: number;
  readonly width: number;
  readonly height: number;
  readonly caption: string;
}

/** What `inspect --html` shows of a sample. */
export type DrawnPicture = DrawnStill | DrawnClip;

/** How much moves, around a sample, and what of it was chosen. */
export interface DrawnCurve {
  /** Seconds on the video's own clock, rising. */
  readonly seconds: readonly number[];
  /** As many values, in `unit`. */
  readonly values: readonly number[];
  readonly unit: string;
  /** Start and end of what was chosen, seconds. */
  readonly window?: readonly [start: number, end: number];
  /** Moments to name, such as a to e. */
  readonly marks?: readonly { readonly label: string; readonly seconds: number }[];
}

/** What a miner is given to draw with, besides the sample. */
export interface DrawContext<C> {
  /** The dataset's configuration. */
  readonly config: C;
  /** The video that the sample comes from; null where the corpus cannot be reached. */
  readonly video: DrawVideo | null;
  /** What the stage over the whole dataset gave the sample; null where there is none. */
  readonly labels?: Readonly<Record<string, number | string>> | null;
}

/** A sample's video, for drawing. */
export interface DrawVideo {
  readonly source: VideoSource;
  /** The frames shown at these rising times, RGB, display aspect, neither side longer than `maxSide` pixels. */
  framesAt(pts: readonly number[], maxSide: number): Promise<readonly Frame[]>;
  /** Every frame from the first to the last time, both included, RGB (or luma for 1 channel), in the same way. */
  framesOf(
    span: { readonly startPts: number; readonly endPts: number },
    maxSide: number,
    channels?: 1 | 3,
  ): AsyncIterable<Frame>;
  /** Mono sound between two seconds; null where the source has none. */
  sound(startSeconds: number, endSeconds: number, sampleRateHz: number): Promise<Float32Array | null>;
}

/** Draws a sample. What needs the video is left out where `context.video` is null. */
export type DrawSample<S extends SampleSpec, C> = (
  sample: Sample<S>,
  context: DrawContext<C>,
) => Promise<{ readonly pictures: readonly DrawnPicture[]; readonly curve?: DrawnCurve } | readonly DrawnPicture[]>;
