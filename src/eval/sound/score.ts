import { classMeanAccuracy, topKAccuracy } from '../metrics/index.js';

/** What is right. */
export interface Truth {
  /** Cluster of each frame. */
  readonly labels: readonly number[];
  /** Bits of each frame, 0 and 1, where they are asked for; else null. */
  readonly bits: readonly (readonly number[])[] | null;
  readonly outputs: number;
}

/**
 * How right scores are. Of clusters: `top1`, `top5` where there are more than five, and `classMean`. Of bits: `bitAccuracy`, the share
 * of all bits whose score has the right sign, and `balancedBits`, in which ones and zeros of a bit count alike.
 *
 * @param weights how often each frame counts; default: once.
 */
export function scoreAnswers(
  answers: readonly ArrayLike<number>[],
  { labels, bits, outputs }: Truth,
  weights?: ArrayLike<number>,
): Readonly<Record<string, number>> {
  if (bits) return scoreBits(answers, bits, weights);
  const scores = new Float64Array(answers.length * outputs);
  answers.forEach((answer, i) => scores.set(Array.from(answer), i * outputs));
  const examples = { scores, labels, classes: outputs, ...(weights ? { weights } : {}) };
  return {
    top1: topKAccuracy(examples),
    ...(outputs > 5 ? { top5: topKAccuracy({ ...examples, k: 5 }) } : {}),
    classMean: classMeanAccuracy(examples),
  };
}

/** For every frame the one answer that is right most often on these very frames: what any model has to beat that does not look. */
export function bestConstant({ labels, bits, outputs }: Truth): Float64Array[] {
  const frequency = new Float64Array(outputs);
  if (bits) bits.forEach((row) => row.forEach((bit, n) => (frequency[n]! += (bit - 0.5) / bits.length)));
  else for (const label of labels) frequency[label]! += 1 / labels.length;
  return labels.map(() => frequency);
}

function scoreBits(
  answers: readonly ArrayLike<number>[],
  bits: readonly (readonly number[])[],
  weights: ArrayLike<number> | undefined,
): Readonly<Record<string, number>> {
  let [right, total] = [0, 0];
  const width = bits[0]?.length ?? 0;
  const [hits, counts] = [new Float64Array(2 * width), new Float64Array(2 * width)];
  bits.forEach((row, i) => {
    const weight = weights ? weights[i]! : 1;
    row.forEach((bit, n) => {
      const isRight = answers[i]![n]! > 0 === (bit === 1);
      right += isRight ? weight : 0;
      total += weight;
      hits[2 * n + bit]! += isRight ? weight : 0;
      counts[2 * n + bit]! += weight;
    });
  });
  const recalls = hits.map((hit, i) => hit / counts[i]!).filter((_, i) => counts[i]! > 0);
  return {
    bitAccuracy: right / total,
    balancedBits: recalls.reduce((sum, value) => sum + value, 0) / recalls.length,
  };
}
