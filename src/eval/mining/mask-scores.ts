import { ConfigError } from '../../core/index.js';
import type { EstimatorFrame, MaskEstimate } from '../../mining/index.js';
import { centredEllipse, contourAccuracy, regionSimilarity } from '../metrics/index.js';
import type { MaskSequence } from './mask-truth.js';

/** J and F of one frame. */
interface FrameScore {
  readonly J: number;
  readonly F: number;
}

/** How well one sequence's masks fit, over the frames that were given one and have a true one. */
export interface MaskScore {
  readonly frames: number;
  readonly J: number;
  readonly F: number;
  /** Of the frames that the miner would keep; NaN where it keeps none. */
  readonly JKept: number;
  readonly FKept: number;
  readonly kept: number;
  /** By rival: J and F. */
  readonly rivals: Readonly<Record<string, FrameScore>>;
}

/** Radii that are tried for the best fixed ellipse, as shares of width and height. */
const radii = Array.from({ length: 10 }, (_, i) => 0.05 * (i + 1));

/** Names of the ellipses that `scoreMasks` scores among the rivals. */
export const ellipseNames = radii.map((radius) => `ellipse-${radius.toFixed(2)}`);

/**
 * Scores one sequence's masks as DAVIS does: J and F of each frame, then means over frames. Rivals: everything is foreground, centred
 * ellipses, and what the miner names itself.
 *
 * @throws ConfigError if no frame has a mask and a truth, or sizes differ.
 */
export async function scoreMasks(
  sequence: MaskSequence,
  run: (frames: AsyncIterable<EstimatorFrame>) => Promise<readonly (MaskEstimate | null)[]>,
): Promise<MaskScore> {
  const estimates = await run(sequence.frames());
  const own: FrameScore[] = [];
  const kept: FrameScore[] = [];
  const rivals: Record<string, FrameScore[]> = {};
  let shapes: Readonly<Record<string, Uint8Array>> | null = null;
  for (const [i, estimate] of estimates.entries()) {
    const truth = estimate && (await sequence.mask(i));
    if (!estimate || !truth) continue;
    const { data, width } = truth;
    if (estimate.mask.length !== data.length)
      throw new ConfigError(
        `${sequence.name}: frame ${i} has ${estimate.mask.length} pixels, its mask ${data.length}.`,
      );
    const height = data.length / width;
    const score = (mask: Uint8Array): FrameScore => ({
      J: regionSimilarity(data, mask),
      F: contourAccuracy(data, mask, width, height),
    });
    const mine = score(estimate.mask);
    own.push(mine);
    if (estimate.isKept) kept.push(mine);
    shapes ??= fixedShapes(width, height);
    for (const [name, mask] of Object.entries({ ...shapes, ...estimate.rivals })) {
      (rivals[name] ??= []).push(
        name.startsWith('ellipse-') ? { J: regionSimilarity(data, mask), F: NaN } : score(mask),
      );
    }
  }
  if (own.length === 0) throw new ConfigError(`${sequence.name} has no frame with a mask.`);
  const { J, F } = meanScore(own);
  const best = meanScore(kept);
  return {
    frames: own.length,
    J,
    F,
    JKept: best.J,
    FKept: best.F,
    kept: kept.length,
    rivals: Object.fromEntries(Object.entries(rivals).map(([name, scores]) => [name, meanScore(scores)])),
  };
}

/** F of the best ellipse is not worth ten times the time: only its J is scored. */
function fixedShapes(width: number, height: number): Readonly<Record<string, Uint8Array>> {
  const shapes: Record<string, Uint8Array> = { 'all-foreground': new Uint8Array(width * height).fill(1) };
  radii.forEach((radius, i) => (shapes[ellipseNames[i]!] = centredEllipse(width, height, radius, radius)));
  return shapes;
}

function meanScore(scores: readonly FrameScore[]): FrameScore {
  const mean = (of: (score: FrameScore) => number): number =>
    scores.length === 0 ? NaN : scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
  return { J: mean(({ J }) => J), F: mean(({ F }) => F) };
}
