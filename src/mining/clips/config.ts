import { z } from 'zod';
import type { View } from '../../core/index.js';

const byPreset = 'null: by the preset.';

/** Settings of the clips miner. What is null comes from the preset. */
export const clipsConfig = z.strictObject({
  preset: z
    .enum(['kth', 'kitti', 'caltech', 'caltech-10-1', 'bair', 'moving-mnist'])
    .default('kth')
    .describe('Size, crop, rate and length as the data set of this name is prepared in the literature.'),
  width: z.int().min(8).max(4096).nullable().default(null).describe(`Width of the frames, in pixels; ${byPreset}`),
  height: z.int().min(8).max(4096).nullable().default(null).describe(`Height of the frames, in pixels; ${byPreset}`),
  fit: z
    .enum(['cover', 'stretch'])
    .nullable()
    .default(null)
    .describe(`cover: scaled to fill, the centre cut out; stretch: the aspect is not kept; ${byPreset}`),
  filter: z
    .enum(['bicubic', 'bilinear'])
    .nullable()
    .default(null)
    .describe(`How neighbouring pixels are weighed in scaling; ${byPreset}`),
  colour: z
    .enum(['rgb', 'luma', 'red'])
    .nullable()
    .default(null)
    .describe(`What is kept of the colours: all, brightness, or the red channel alone; ${byPreset}`),
  framesPerSecond: z
    .number()
    .nonnegative()
    .nullable()
    .default(null)
    .describe(`Rate at which frames are taken; 0: every frame of the source; ${byPreset}`),
  frameStep: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(`Of the frames at that rate every so many is kept, from the first of the shot; ${byPreset}`),
  length: z
    .int()
    .refine((value) => value === 0 || value >= 2, 'A clip has at least 2 frames.')
    .nullable()
    .default(null)
    .describe(`Frames of a clip; 0: the whole shot, up to 300; ${byPreset}`),
  stride: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(`Frames from the start of one clip to that of the next; less than the length: they overlap; ${byPreset}`),
  phase: z
    .enum(['random', 'start'])
    .nullable()
    .default(null)
    .describe(
      `Where the first clip starts: at the shot's first frame, or anywhere in what the last clip leaves over; ${byPreset}`,
    ),
  cropBars: z
    .boolean()
    .default(true)
    .describe("Frames are what lies inside the bars of a shot's letterbox or pillarbox."),
  clipsPerShot: z
    .int()
    .positive()
    .nullable()
    .default(256)
    .describe(
      'Most clips of a shot, which are held in memory until it is done: the first ones if phase is start, else drawn at random; null: all.',
    ),
  minMotion: z
    .number()
    .nonnegative()
    .default(0)
    .describe('Clips whose neighbouring frames differ less on average are refused; levels of 255.'),
  groupPattern: z
    .string()
    .refine(isExpression, 'It must be a regular expression.')
    .nullable()
    .default(null)
    .describe(`Regular expression; what it finds in a source's path is the clip's group; ${byPreset}`),
  storage: z
    .enum(['raw', 'png', 'jpeg'])
    .default('raw')
    .describe('How frames are stored: raw and png keep every value, jpeg does not.'),
  quality: z.int().min(1).max(100).default(95).describe('Quality of jpeg.'),
});

/** Checked settings of the clips miner. */
export type ClipsConfig = z.infer<typeof clipsConfig>;

/** What is to be done, with the preset filled in. */
export interface ClipsPlan {
  readonly width: number;
  readonly height: number;
  readonly fit: 'cover' | 'stretch';
  readonly filter: 'bicubic' | 'bilinear';
  readonly colour: 'rgb' | 'luma' | 'red';
  readonly framesPerSecond: number;
  readonly frameStep: number;
  readonly length: number;
  readonly stride: number;
  readonly phase: 'random' | 'start';
  readonly groupPattern: string | null;
}

const carCamera = {
  width: 160,
  height: 128,
  fit: 'cover',
  colour: 'rgb',
  groupPattern: null,
} as const;

/**
 * How the data sets are prepared. Where models are trained on any stretch of n frames, clips of 2n are stored every n + 1:
 * every start is in exactly one clip.
 *
 * Source: kth, bair, moving-mnist: Denton and Fergus, ICML 2018, with 40-frame windows of KTH after Franceschi et al.,
 * ICML 2020. kitti, caltech: Lotter, Kreiman and Cox, ICLR 2017; caltech-10-1: windows of later papers, which score the 11th frame.
 */
export const clipPresets: Readonly<Record<ClipsConfig['preset'], ClipsPlan>> = {
  kth: {
    width: 64,
    height: 64,
    fit: 'stretch', // 160×120 is squashed
    filter: 'bicubic',
    colour: 'red',
    framesPerSecond: 25,
    frameStep: 1,
    length: 40,
    stride: 21,
    phase: 'random',
    groupPattern: 'person\\d+', // never by clip: a person is on one side
  },
  kitti: {
    ...carCamera,
    filter: 'bilinear',
    framesPerSecond: 10,
    frameStep: 1,
    length: 20,
    stride: 11,
    phase: 'random',
    groupPattern: '\\d{4}_\\d{2}_\\d{2}_drive_\\d{4}',
  },
  caltech: {
    ...carCamera,
    filter: 'bicubic',
    framesPerSecond: 0,
    frameStep: 3, // 30 frames per second to 10
    length: 10,
    stride: 10,
    phase: 'start',
    groupPattern: 'set\\d+',
  },
  'caltech-10-1': {
    ...carCamera,
    filter: 'bicubic',
    framesPerSecond: 0,
    frameStep: 3,
    length: 11,
    stride: 11,
    phase: 'start',
    groupPattern: 'set\\d+',
  },
  bair: {
    width: 64,
    height: 64,
    fit: 'stretch',
    filter: 'bicubic',
    colour: 'rgb',
    framesPerSecond: 0,
    frameStep: 1,
    length: 30, // whole runs: a model may start anywhere in them
    stride: 30,
    phase: 'start',
    groupPattern: null,
  },
  'moving-mnist': {
    width: 64,
    height: 64,
    fit: 'stretch',
    filter: 'bicubic',
    colour: 'luma',
    framesPerSecond: 0,
    frameStep: 1,
    length: 0,
    stride: 300,
    phase: 'start',
    groupPattern: null,
  },
};

/** The preset with what the configuration says otherwise. A length of one's own without a stride gives clips side by side. */
export function planClips(config: ClipsConfig): ClipsPlan {
  const preset = clipPresets[config.preset];
  return {
    width: config.width ?? preset.width,
    height: config.height ?? preset.height,
    fit: config.fit ?? preset.fit,
    filter: config.filter ?? preset.filter,
    colour: config.colour ?? preset.colour,
    framesPerSecond: config.framesPerSecond ?? preset.framesPerSecond,
    frameStep: config.frameStep ?? preset.frameStep,
    length: config.length ?? preset.length,
    stride: config.stride ?? (config.length === null ? preset.stride : config.length || preset.stride),
    phase: config.phase ?? preset.phase,
    groupPattern: config.groupPattern ?? preset.groupPattern,
  };
}

/** The picture that a plan needs. */
export function viewOf({ width, height, fit, filter, colour, framesPerSecond }: ClipsPlan, withoutBars: boolean): View {
  const fps = framesPerSecond === 0 ? null : framesPerSecond;
  return { width, height, fit, filter, fps, channels: colour === 'luma' ? 1 : 3, withoutBars };
}

function isExpression(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}
