import type { Box } from './sample.js';

/** Seconds per tick as an exact fraction: [numerator, denominator], both positive integers. */
export type TimeBase = readonly [numerator: number, denominator: number];

/** A stretch of one video in ticks of its `timeBase`; the end is exclusive. */
export interface TimeSpan {
  readonly startPts: number;
  readonly endPts: number;
}

/** One decoded picture, upright and with square pixels. */
export interface Frame {
  /** uint8 [height, width, channels], row-major, 0–255: RGB for 3 channels, luma for 1; belongs to its receiver. */
  readonly data: Uint8Array;
  /** Pixels, after rotation and pixel aspect ratio are applied. */
  readonly width: number;
  readonly height: number;
  /** Ticks of the video's `timeBase`, on the source's own clock; rates vary, so never index / fps. */
  readonly pts: number;
}

/** A stretch of sound. */
export interface AudioClip {
  /** float32 [samples], mono, nominally -1–1. */
  readonly data: Float32Array;
  readonly sampleRateHz: number;
  /** Seconds on the source's own clock at which the first sample sounds. */
  readonly startSeconds: number;
}

/** What a container says, and decoding confirms, of a picture stream. */
export interface VideoStream {
  readonly index: number;
  readonly codec: string;
  readonly pixelFormat: string;
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Pixels, after rotation and sample aspect are applied. */
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise by which the coded picture is turned for display: 0, 90, 180 or 270. */
  readonly rotation: number;
  /** True where the coded picture is turned upside down before that: mirrored video. */
  readonly flipped?: true;
  readonly sampleAspect: readonly [number, number];
  readonly timeBase: TimeBase;
  readonly startPts: number;
  /** End of the last decodable frame, exclusive. */
  readonly endPts: number;
  readonly durationSeconds: number;
  /** Decodable frames, counted. */
  readonly frames: number;
  /** Frames per second over the whole video. */
  readonly averageRate: number;
  readonly variableRate: boolean;
  readonly interlaced: boolean;
  readonly colorRange: 'limited' | 'full' | 'unknown';
}

/** What a container says of a sound stream. */
export interface AudioStream {
  readonly index: number;
  readonly codec: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly startSeconds: number;
  readonly durationSeconds: number;
}

/** What a file's own metadata say of stereo; the picture may say otherwise. */
export interface StereoTag {
  /** Null where only the projection is told. */
  readonly arrangement:
    | 'mono'
    | 'sbs'
    | 'tb'
    | 'rows'
    | 'columns'
    | 'checkerboard'
    | 'anaglyph'
    | 'anaglyph-magenta'
    | 'alternating'
    | 'multiview'
    | null;
  /** Which eye comes first: left, on top, in row 0, in red (or green); null where it is not told. */
  readonly order: 'left-first' | 'right-first' | null;
  readonly from: 'matroska' | 'mp4' | 'sei';
  /** Absent: a flat picture. */
  readonly projection?: 'equirectangular' | 'cubemap' | 'mesh' | 'spherical';
}

/** What was measured of one shot. */
export interface ShotScores {
  /** Mean absolute luma difference of neighbouring frames on the small pictures that shots are told apart by, 0–255. */
  readonly motion: number;
  /** How far the shot leaves its first frame, likewise: the 95th percentile over its frames. */
  readonly change: number;
  /** Share of its frames that are black, 0–1. */
  readonly black: number;
  /** How much it looks like a person who talks before a fixed camera, 0–1. */
  readonly talkingHead: number;
}

/** Why a shot gives no samples. */
export type UnusableReason = 'black' | 'still' | 'talking-head' | 'too-short';

/** One uncut take of a video. */
export interface Shot extends TimeSpan {
  /** Position in the video, from 0. */
  readonly index: number;
  /** The picture inside its letterbox, in display pixels; null: the whole picture. */
  readonly crop: Box | null;
  /** Absent in corpora of older versions. */
  readonly scores?: ShotScores;
  /** Set where a rule of the corpus keeps it from miners. */
  readonly unusable?: UnusableReason;
}

/** What was measured of a whole video, each 0–1. */
export interface SourceScores {
  /** Share of its frames that are black. */
  readonly black: number;
  /** Share of its time in shots that stay the same picture: a still, or a slideshow. */
  readonly slideshow: number;
  /** Mean of its shots' scores, weighed by their length. */
  readonly talkingHead: number;
  /** Share of the picture that logos and subtitles cover. */
  readonly overlay: number;
}

/** Where logos and subtitles lie: a coarse mask over the whole display picture. */
export interface OverlayMask {
  readonly columns: number;
  readonly rows: number;
  /** Row by row, one bit a cell, the first cell in the highest bit of the first digit; hexadecimal. */
  readonly bits: string;
}

/** One line of an official benchmark list that this content stands for. */
export interface BenchmarkEntry {
  /** `<class>/<file without extension>`, exactly as in the list. */
  readonly key: string;
  /** 0-based class index. */
  readonly label: number;
  readonly className: string;
  /** Clips of one original recording; never to be split between training and test. */
  readonly group: string;
  /** The entry's role in official split 1, 2, …. */
  readonly roles: readonly ('train' | 'test' | 'unused')[];
  /** Set where the list says that the thing is there and hard to see: the entry neither shows the class nor lacks it. */
  readonly ignored?: true;
}

/** One file, picture folder or generator, as probed: one line of `manifest.jsonl`. */
export interface VideoSource {
  readonly schema: 1;
  /** 16 hexadecimal digits, from the content and not from the path. */
  readonly id: string;
  readonly kind: 'file' | 'frames' | 'synthetic';
  /** Every place where this content was found, absolute or relative to the corpus. */
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
  readonly container: string;
  readonly video: VideoStream;
  readonly audio: AudioStream | null;
  /** Absent where the file says nothing of stereo. */
  readonly stereo?: StereoTag;
  readonly shots: readonly Shot[];
  /** Mean absolute luma difference of neighbouring frames on the small pictures that shots are told apart by, 0–255. */
  readonly motion: number;
  /** Share of neighbouring frames that do not differ, 0–1. */
  readonly still: number;
  /** 64-bit perceptual hash of evenly spread frames, hexadecimal, joined by `-`. */
  readonly perceptualHash: string;
  /** Absent in corpora of older versions. */
  readonly scores?: SourceScores;
  /** Null where there is none, absent in corpora of older versions. */
  readonly overlay?: OverlayMask | null;
  /** Hashes by which near-duplicates are found, base64; absent in corpora of older versions. */
  readonly fingerprint?: string;
  readonly licence: string | null;
  readonly origin: string | null;
  /** What a list or an info file says of it besides, by column. */
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  /** By benchmark (`ucf101`, `hmdb51`, `synthetic`): the entries of its official list. */
  readonly benchmarks: Readonly<Record<string, readonly BenchmarkEntry[]>>;
}

/** The picture that a miner asks for: a size, a rate, and how the source is fitted to it. */
export interface View {
  readonly width: number;
  readonly height: number;
  /** `cover` fills and crops the centre, `contain` fits inside keeping the aspect (the frame may be smaller), `stretch` distorts. */
  readonly fit: 'cover' | 'contain' | 'stretch';
  /** Frames per second, nearest source frame to each tick of the rate; null: every source frame. */
  readonly fps: number | null;
  readonly channels: 1 | 3;
  /** How neighbouring pixels are weighed when the picture is scaled; default: bicubic. `area`: the mean of those covered. */
  readonly filter?: 'bicubic' | 'bilinear' | 'area';
  /** A picture smaller than the view stays as it is: a large view with `contain` is the display size. */
  readonly neverEnlarges?: boolean;
  /** Each shot is read in it once at most: its frames are handed over, neither copied nor kept. */
  readonly readOnce?: boolean;
  /**
   * The pixels of a frame may be written over once the next one is asked for: for who looks at each and keeps none. New memory for every
   * frame makes the garbage collector look through the whole heap again and again, which can take as long as decoding.
   */
  readonly reusesMemory?: boolean;
  /** Only what lies inside the letterbox of its shot is shown, as if the video had been filmed so; one pixel at each bar is left out, too. */
  readonly withoutBars?: boolean;
}

/** Seconds at which `pts` is shown. */
export function ptsToSeconds(pts: number, timeBase: TimeBase): number {
  return (pts * timeBase[0]) / timeBase[1];
}

/** The tick nearest to `seconds`. */
export function secondsToPts(seconds: number, timeBase: TimeBase): number {
  return Math.round((seconds * timeBase[1]) / timeBase[0]);
}
