/** A video made from a seed: what a set of generated videos consists of. Frames may be asked for in any order. One of a single frame is a picture. */
export interface GeneratedVideo {
  readonly name: string;
  readonly className: string;
  /** 0-based class index. */
  readonly label: number;
  /** Where several classes are shown: each of them once. `ignored`: only by what is hard to see. */
  readonly labels?: readonly { readonly label: number; readonly className: string; readonly ignored: boolean }[];
  /** Clips of one group share their backdrops; a group is never split between training and test. */
  readonly group: string;
  readonly role: 'train' | 'test';
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frameCount: number;
  /** Of `audio`. */
  readonly sampleRateHz?: number;
  /** uint8 [height, width, 3], RGB; a copy of its receiver's own. */
  frame(index: number): Uint8Array;
  /** float32 [samples], mono, -1–1, as long as the pictures; without it the video is silent. */
  audio?(): Float32Array;
}

/** A video of the motion set, with all that is known about it. */
export interface SyntheticVideo extends GeneratedVideo {
  readonly sampleRateHz: number;
  /** float32 [samples], mono, -1–1, as long as the pictures. */
  audio(): Float32Array;
  readonly truth: SyntheticTruth;
}

/** What is known about a made video. */
export interface SyntheticTruth {
  /** First frame of every take but the first. */
  readonly cuts: readonly number[];
  /** Mean length, over all pixels, of their displacement to the next frame of the take, in pixels; 0 for a take's last frame. */
  readonly motion: (index: number) => number;
  /** uint8 [height, width]: 1 where the mover is. */
  readonly mask: (index: number) => Uint8Array;
  /** Centre of the mover in pixels, pixel centres at whole numbers. */
  readonly position: (index: number) => { readonly x: number; readonly y: number };
  /** How far the mover is turned, in turns, clockwise. */
  readonly angle: (index: number) => number;
  /** Frames after which the pose comes back, where the mover of the first take swings. */
  readonly period?: number;
}
