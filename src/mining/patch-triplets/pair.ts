import { ptsToSeconds, sha256, type Box, type Frame, type RejectionCode, type VideoSource } from '../../core/index.js';
import { encodeImage } from '../../vision/index.js';
import type { MinedSample } from '../define-miner.js';
import { groupOf } from '../group.js';
import { insideShare, type SceneArea } from './area.js';
import type { PatchTripletsConfig } from './config.js';
import { cutPatch, isBlank, similarityOf } from './patch.js';
import type { patchTripletsSample } from './sample.js';
import type { Track } from './track.js';

/** A pair that passed all checks of its own. */
export interface Pair {
  readonly sample: MinedSample<typeof patchTripletsSample>;
  /** Texture of the first box. */
  readonly texture: number;
  readonly box: Box;
}

/** Bits of `flags`. */
const warnings = { leavesFrame: 1, fewPoints: 2, atEdge: 4 } as const;
const comfortablePoints = 40;

/**
 * The pair of a finished track; a code where its patches are of no use.
 *
 * @param last the frame in which it ends, in colour.
 */
export async function makePair(
  track: Track,
  last: Frame,
  {
    source,
    area,
    framesBefore,
  }: { readonly source: VideoSource; readonly area: SceneArea; readonly framesBefore: number },
  config: PatchTripletsConfig,
): Promise<Pair | RejectionCode> {
  const { patchSize: size } = config;
  const firstBox = track.boxes[0]!;
  const lastBox = track.boxes[track.boxes.length - 1]!;
  const patches = [cutPatch(track.colour, firstBox, size), cutPatch(last, lastBox, size)] as const;
  if (patches.some((patch) => isBlank(patch, size, config))) return 'blank';
  const similarity = similarityOf(...patches, size);
  if (similarity > config.staticCorrelation) return 'static-pair';
  const { motion, boxes, pts } = track;
  const steps = boxes.length - 1;
  const { timeBase, width, height } = source.video;
  const endPts = pts[steps]!;
  const group = groupOf(source);
  const framesPerSecond = steps / ptsToSeconds(endPts - pts[0]!, timeBase);
  // Frames may have been left out where the video has more than are mined.
  const perStep = Math.max(1, Math.round(source.video.averageRate / framesPerSecond));
  const start = framesBefore + track.start * perStep;
  return {
    texture: track.texture,
    box: firstBox,
    sample: {
      span: { startPts: pts[0]!, endPts },
      fields: {
        patches: await Promise.all(
          patches.map((patch) => encodeImage(patch, size, size, 3, { format: 'jpeg', quality: config.jpegQuality })),
        ),
        label: labelOf(source.id),
        groupLabel: labelOf(group),
        group,
        frames: Int32Array.of(start, start + steps * perStep),
        framesPerSecond: Math.fround(framesPerSecond),
        frameSize: Int32Array.of(last.height, last.width),
        sourceScale: Float32Array.of(last.height / height, last.width / width),
        boxes: flatten([firstBox, lastBox]),
        trackBoxes: flatten(boxes),
        trackPts: BigInt64Array.from(pts, BigInt),
        trackPeak: Float32Array.from(track.peaks),
        trackPsr: Float32Array.from(track.psrs),
        points: motion.points,
        movingPoints: motion.moving.length / 2,
        movingInBox: track.movingInBox,
        movingFraction: Math.fround(motion.movingFraction),
        inlierFraction: Math.fround(motion.inlierFraction),
        medianResidual: Math.fround(motion.medianResidual),
        homography: motion.homography,
        similarity: Math.fround(similarity),
        flags: flagsOf(track, area, config),
      },
    },
  };
}

function flagsOf(
  { boxes, movingInBox }: Track,
  { box: area }: SceneArea,
  { leastInside }: PatchTripletsConfig,
): number {
  const first = boxes[0]!;
  const atEdge =
    first.x - area.x < 1 ||
    first.y - area.y < 1 ||
    area.x + area.width - first.x - first.width < 1 ||
    area.y + area.height - first.y - first.height < 1;
  const leaves = boxes.some((box) => insideShare(box, area) < leastInside);
  return (
    (leaves ? warnings.leavesFrame : 0) |
    (movingInBox < comfortablePoints ? warnings.fewPoints : 0) |
    (atEdge ? warnings.atEdge : 0)
  );
}

function flatten(boxes: readonly Box[]): Float32Array {
  return Float32Array.from(boxes.flatMap(({ x, y, width, height }) => [x, y, width, height]));
}

/** 31 bits of a text's hash. */
function labelOf(text: string): number {
  return Number.parseInt(sha256(text).slice(0, 8), 16) & 0x7fffffff;
}
