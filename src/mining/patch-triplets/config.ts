import { z } from 'zod';

/**
 * Settings of the patch-triplets miner. Lengths are pixels of a picture whose short side is 448, and speeds those at 25 frames
 * per second, whatever size and rate is mined.
 */
export const patchTripletsConfig = z
  .strictObject({
    frameWidth: z.int().min(64).default(800).describe('Frames fit into this width, in pixels.'),
    frameHeight: z.int().min(64).default(448).describe('Frames fit into this height, in pixels.'),
    framesPerSecond: z
      .number()
      .positive()
      .default(30)
      .describe('Frames looked at per second, at most; a multiple of startsPerSecond.'),
    startsPerSecond: z
      .number()
      .positive()
      .default(2.5)
      .describe('Frames per second at which a track may start or end: only these are decoded in colour.'),
    trackSeconds: z
      .number()
      .positive()
      .default(1.2)
      .describe('Time from the first patch to the second; 30 frames at 25 frames per second.'),
    pairsPerVideo: z
      .int()
      .positive()
      .default(40)
      .describe('Most samples of one video, shared among its shots by their length.'),
    tracksPerPair: z
      .int()
      .positive()
      .default(4)
      .describe('In long shots so many times the budget is looked through for things that move, and no more.'),
    corners: z.int().min(30).max(4000).default(1000).describe('Most corners that are followed to the next frame.'),
    cornerQuality: z
      .number()
      .positive()
      .max(1)
      .default(0.01)
      .describe('Least cornerness over that of the best corner.'),
    cornerDistance: z.number().positive().default(5).describe('Least distance of two corners.'),
    roundTrip: z.number().positive().default(1).describe('A point followed there and back may be off by this much.'),
    cameraThreshold: z
      .number()
      .positive()
      .default(1)
      .describe('A point fits the camera if it is at most this far from where the camera takes it.'),
    leastPoints: z.int().min(4).default(30).describe('Points that must be followed to tell the motion of the camera.'),
    leastInliers: z.number().min(0).max(1).default(0.4).describe('Share of points that the camera must explain.'),
    movingSpeed: z
      .number()
      .positive()
      .default(0.5)
      .describe('A point moves by itself if it is faster than this, the camera taken off; pixels per frame.'),
    fewMoving: z.number().min(0).max(1).default(0.25).describe('Least share of points that move.'),
    manyMoving: z.number().min(0).max(1).default(0.75).describe('Greatest share of points that move.'),
    borderShare: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.1)
      .describe('Width of the border band over the size of the picture.'),
    borderMoving: z
      .number()
      .min(0)
      .max(1)
      .default(0.6)
      .describe('If more of the points in the border band move, what moves is the background.'),
    boxSize: z.int().min(16).max(448).default(227).describe('Side of the box.'),
    leastInBox: z.int().min(1).default(20).describe('Moving points that the box must hold.'),
    leastShareInBox: z.number().min(0).max(1).default(0.5).describe('Share of the moving points that it must hold.'),
    texturePercentile: z
      .number()
      .min(0)
      .max(100)
      .default(5)
      .describe('The box must have more texture than this percentile of the boxes of its shot.'),
    template: z.int().min(32).max(512).default(96).describe('Side of what the tracker looks at, in its own pixels.'),
    padding: z.number().gt(1).default(1.5).describe('Side of the place searched over that of the box.'),
    scaleSearch: z
      .boolean()
      .default(false)
      .describe('The tracker follows changes of size, too, at twice to three times its cost.'),
    leastPsr: z.number().nonnegative().default(5.25).describe('Under this peak-to-sidelobe ratio the thing is lost.'),
    leastPeak: z.number().nonnegative().default(0.2).describe('Under this height of the peak the thing is lost.'),
    cutDifference: z
      .number()
      .nonnegative()
      .default(30)
      .describe('A jump of mean luma difference above this, 0 to 255, may be a cut that the manifest lacks.'),
    cutRatio: z.number().min(1).default(4).describe('It is a cut if it is also this many times the median before it.'),
    leastInside: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .describe('Share of the box that must be inside the picture at the end.'),
    areaChange: z.number().gt(1).default(2).describe('The area of the box may change by this factor, up or down.'),
    staticCorrelation: z
      .number()
      .min(-1)
      .max(1)
      .default(0.95)
      .describe('Patches that correlate more than this, as 32×32 luma, are the same picture.'),
    blankDeviation: z
      .number()
      .nonnegative()
      .default(8)
      .describe('Least standard deviation of luma in a patch, 0 to 255.'),
    blackBorder: z.number().min(0).max(1).default(0.6).describe('Greatest share of a patch that may be black border.'),
    patchSize: z.int().min(16).default(227).describe('Side of the stored patches, in pixels.'),
    jpegQuality: z.int().min(1).max(100).default(95).describe('JPEG quality of the stored patches.'),
  })
  .refine(({ framesPerSecond, startsPerSecond }) => Number.isInteger(framesPerSecond / startsPerSecond), {
    path: ['framesPerSecond'],
    message: 'must be a whole multiple of startsPerSecond, so that every start is a frame that is looked at',
  });

/** Checked settings of the patch-triplets miner. */
export type PatchTripletsConfig = z.infer<typeof patchTripletsConfig>;
