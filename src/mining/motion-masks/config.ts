import { z } from 'zod';

const share = (name: string, otherwise: number) => z.number().min(0).max(1).default(otherwise).describe(name);

/** Settings of the motion-masks miner. Lengths are pixels at work size unless said otherwise. */
export const motionMasksConfig = z
  .strictObject({
    workSide: z.int().min(64).max(1024).default(256).describe('Longer side at which motion is measured, in pixels.'),
    storedSide: z.int().min(64).default(512).describe('Longer side of stored pictures and masks, in pixels.'),
    framesPerSecond: z.number().positive().default(30).describe('Frames looked at per second, at most.'),
    frameStep: z.int().positive().default(2).describe('Every so many frames one is given a mask.'),
    mostFrames: z
      .int()
      .min(25)
      .default(100)
      .describe('Most frames of a shot that are given masks; of longer shots stretches of 25, evenly spread.'),
    leastFrames: z.int().min(4).default(10).describe('Shots of fewer frames are too short.'),
    corners: z.int().min(30).max(4000).default(400).describe('Most corners that are followed for the camera.'),
    cornerQuality: z
      .number()
      .positive()
      .max(1)
      .default(0.005)
      .describe('Least cornerness over that of the best corner.'),
    cornerDistance: z.number().positive().default(5).describe('Least distance of two corners.'),
    roundTrip: z.number().positive().default(0.5).describe('A corner followed there and back may be off by this much.'),
    cameraThreshold: z
      .number()
      .positive()
      .default(1)
      .describe('A corner fits the camera if it is at most this far from where the camera takes it.'),
    leastInliers: share('Share of corners that the camera must explain, in one pair at least.', 0.4),
    border: share('Band at all four sides in which nothing is said to move, over the height.', 0.125),
    leastResidual: z
      .number()
      .nonnegative()
      .default(0.25)
      .describe('Least 97th percentile of the motion that the camera does not explain, pixels per frame.'),
    leastSaliency: share('Least saliency of the most salient region.', 0.2),
    regions: z.int().min(16).max(4096).default(400).describe('Regions that a frame is cut into, about.'),
    compactness: z
      .number()
      .positive()
      .default(12)
      .describe('Levels of colour that weigh as much as the side of a region.'),
    neighbours: z.int().min(2).default(48).describe('Regions that vote for a region, itself among them.'),
    reach: z.int().positive().default(12).describe('Frames with masks, before and after, whose regions may vote.'),
    spread: z.number().positive().default(0.1).describe('Squared distance of descriptors at which a vote weighs 1/e.'),
    rounds: z.int().nonnegative().default(10).describe('Rounds of voting.'),
    restart: share('Share of its own saliency that a region takes up again in each round.', 0.1),
    foreground: share('Votes from which on a place is foreground.', 0.5),
    background: share('Votes up to which a place is background; what is between is unknown.', 0.25),
    band: share('Band on both sides of the outline that is unknown, over the shorter side; at least 2 pixels.', 0.015),
    leastPart: share('Parts smaller than this share of the largest are taken off.', 0.2),
    leastPartArea: share('Parts smaller than this share of the picture are taken off.', 0.002),
    leastArea: share('Least share of the picture that is foreground.', 0.02),
    mostArea: share('Greatest share of the picture that is foreground.', 0.4),
    mostBorder: share('Greatest share of the foreground in the outer 5 % of the picture.', 0.1),
    mostParts: z.int().positive().default(5).describe('Most parts of the foreground.'),
    leastStability: share('Least overlap with the masks of the frames before and after, moved along the flow.', 0.5),
    leastAgreement: share('Least overlap with the mask that GrabCut makes of the votes.', 0.6),
    masksPerShot: z.int().positive().default(10).describe('Most samples of one shot, those of greatest agreement.'),
    masksPerVideo: z
      .int()
      .positive()
      .default(100)
      .describe('Most samples of one video, shared among its shots by their length.'),
    secondsApart: z.number().nonnegative().default(0.5).describe('Least time between two samples of a shot.'),
    storeVotes: z.boolean().default(false).describe('Keeps the votes beside the mask.'),
    jpegQuality: z.int().min(1).max(100).default(92).describe('JPEG quality of the stored pictures.'),
  })
  .refine(({ background, foreground }) => background <= foreground, {
    path: ['background'],
    message: 'must not be above foreground',
  });

/** Checked settings of the motion-masks miner. */
export type MotionMasksConfig = z.infer<typeof motionMasksConfig>;
