import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import { countLeaks, selectBackend, tf } from '../../../src/engine/index.js';
import { rankingLoss, rankingLossOnAll, type RankingScores } from '../../../src/models/wang-gupta/loss.js';
import { chooseNegatives } from '../../../src/models/wang-gupta/negatives.js';
import { toUnitLength } from '../../../src/models/wang-gupta/network.js';

type Selection = 'paper' | 'released';
interface Batch {
  readonly rows: readonly (readonly number[])[];
  readonly label: readonly number[];
  readonly group?: readonly number[];
}

const paper = 'paper' as Selection;

beforeAll(() => selectBackend('auto'));

function pairsOf({ rows, label, group = label }: Batch) {
  const features = rows[0]!.length;
  return {
    embeddings: tf.reshape(toUnitLength(tf.tensor2d(rows.map((row) => [...row]))), [rows.length / 2, 2, features]),
    label: tf.tensor1d([...label], 'int32'),
    groupLabel: tf.tensor1d([...group], 'int32'),
  };
}

function lossOf(
  batch: Batch,
  { selection = paper, negatives = 4, margin = 0.5, hardShare = 1, seed = 3 } = {},
): Record<keyof RankingScores, number> {
  return tf.tidy(() => {
    const scalars = { hardShare: tf.scalar(hardShare), seed: tf.tensor1d([seed, 5], 'int32') };
    const scores = rankingLoss(pairsOf(batch), scalars, { selection, negatives, margin });
    const read = (name: keyof RankingScores) => scores[name].dataSync()[0]!;
    return {
      loss: read('loss'),
      positiveDistance: read('positiveDistance'),
      negativeDistance: read('negativeDistance'),
      activeShare: read('activeShare'),
      meanCosine: read('meanCosine'),
      rankingAccuracy: read('rankingAccuracy'),
    };
  });
}

/** The chosen negatives of each pair, as places among the patches. */
function chosenOf(
  similarity: readonly (readonly number[])[],
  others: readonly (readonly number[])[],
  { selection = paper, negatives = 4, margin = 0.5, hardShare = 1, positive = 1, seed = 3 } = {},
): number[][] {
  return tf.tidy(() => {
    const mask = chooseNegatives(
      {
        similarity: tf.tensor2d(similarity.map((row) => [...row])),
        positive: tf.fill([similarity.length, 1], positive),
        others: tf.tensor2d(others.map((row) => [...row])),
        hardShare: tf.scalar(hardShare),
        seed: tf.tensor1d([seed, 5], 'int32'),
      },
      { selection, negatives, margin },
    );
    return (mask.arraySync() as number[][]).map((row) => row.flatMap((value, i) => (value === 1 ? [i] : [])));
  });
}

const randomBatch = (pairs: number, features: number, seed: string, videos = pairs): Batch => {
  const random = createRandom(seed);
  return {
    rows: Array.from({ length: 2 * pairs }, () => Array.from({ length: features }, () => random.float())),
    label: Array.from({ length: pairs }, (_, i) => i % videos),
  };
};

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));

describe('the ranking loss', () => {
  // Unit vectors at angles: anchor 0°, positive 60°; the other pair at 90° and 30°.
  const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const byHand: Batch = { rows: [at(0), at(60), at(90), at(30)], label: [1, 2] };
  const root = Math.sqrt(3) / 2;

  it('is what the hand computes on four patches', () => {
    // D(a, p) = 1 - 1/2 for both pairs. Of the first, the negatives are at 1 and 1 - root; of the second at 1 and 1 - root, too.
    const hinges = [0, root, 0, root]; // 0.5 - 1 + 0.5, and 0.5 - (1 - root) + 0.5
    const expected = hinges.reduce((a, b) => a + b, 0) / 4;
    expect(lossOf(byHand).loss).toBeCloseTo(expected, 5);
    expect(lossOf(byHand, { negatives: 1 }).loss).toBeCloseTo(root, 5);
    // released, with a margin of 0.4: the negative at 90° violates nothing, so one of K = 4 is found, with both hinges root - 0.1
    expect(lossOf(byHand, { selection: 'released', margin: 0.4 }).loss).toBeCloseTo(
      (4 * (root - 0.1)) / (2 * 4 * 2),
      5,
    );
  });

  it.each(['paper', 'released'] as const)(
    'is that of a plain double-precision rewrite: %s, hardest alone',
    (selection) => {
      const [pairs, negatives, margin] = [6, 4, 0.3];
      const batch = randomBatch(pairs, 5, 'rewrite', 5); // pairs 0 and 5 are of one video
      let [sum, count] = [0, 0];
      for (let i = 0; i < pairs; i++) {
        const [a, p] = [batch.rows[2 * i]!, batch.rows[2 * i + 1]!];
        const violation = (x: readonly number[], n: readonly number[]) =>
          1 - cosine(a, p) - (1 - cosine(x, n)) + margin;
        const others = batch.rows
          .filter((_, j) => batch.label[Math.floor(j / 2)] !== batch.label[i])
          .filter((n) => selection === 'paper' || violation(a, n) > 0)
          .sort((m, n) => cosine(a, n) - cosine(a, m))
          .slice(0, negatives);
        for (const n of others)
          sum += Math.max(0, violation(a, n)) + (selection === 'released' ? Math.max(0, violation(p, n)) : 0);
        count += others.length;
      }
      const expected = selection === 'paper' ? sum / count : sum / (2 * negatives * pairs);
      expect(expected).toBeGreaterThan(0.01);
      expect(lossOf(batch, { selection, negatives, margin }).loss).toBeCloseTo(expected, 5);
    },
  );

  it('is the margin itself where all features are one, and says so', () => {
    const batch: Batch = { rows: Array.from({ length: 12 }, () => [0.3, 0.4, 0.5]), label: [0, 1, 2, 3, 4, 5] };
    for (const selection of ['paper', 'released'] as const) {
      const scores = lossOf(batch, { selection });
      expect(scores.loss).toBeCloseTo(0.5, 5);
      expect(scores.meanCosine).toBeCloseTo(1, 5);
      expect(scores.negativeDistance).toBeCloseTo(0, 5);
    }
  });

  it('is 0 with a gradient of 0 where all negatives are far enough', () => {
    const rows = [0, 1, 2].flatMap((axis) => [0, 1].map(() => [0, 1, 2].map((each) => (each === axis ? 2 : 0))));
    const batch: Batch = { rows, label: [0, 1, 2] };
    for (const selection of ['paper', 'released'] as const) {
      expect(lossOf(batch, { selection }).loss).toBe(0);
      expect(gradientOf(batch, selection).every((value) => value === 0)).toBe(true);
    }
  });

  it('does not depend on the length of the features', () => {
    const batch = randomBatch(5, 4, 'lengths');
    const longer = { ...batch, rows: batch.rows.map((row, i) => row.map((value) => value * (i + 1))) };
    expect(lossOf(longer).loss).toBeCloseTo(lossOf(batch).loss, 5);
  });

  it.each(['paper', 'released'] as const)('has the gradient that finite differences give: %s', (selection) => {
    const batch = randomBatch(4, 3, 'slopes');
    const gradient = gradientOf(batch, selection);
    const step = 1e-2;
    batch.rows
      .flatMap((row, r) => row.map((_, c) => [r, c] as const))
      .forEach(([r, c], i) => {
        const moved = (by: number) =>
          lossOf(
            { ...batch, rows: batch.rows.map((row, j) => row.map((v, k) => (j === r && k === c ? v + by : v))) },
            { selection },
          ).loss;
        expect(Math.abs((moved(step) - moved(-step)) / (2 * step) - gradient[i]!)).toBeLessThan(2e-3);
      });
  });

  it('is finite, and so is its gradient, where a feature is zero everywhere', () => {
    const batch = randomBatch(3, 4, 'dead');
    const rows = batch.rows.map((row, i) => (i === 2 ? row.map(() => 0) : row));
    expect(Number.isFinite(lossOf({ ...batch, rows }).loss)).toBe(true);
    expect(gradientOf({ ...batch, rows }, 'paper').every(Number.isFinite)).toBe(true);
  });

  it('is 0 for a batch of one video, and takes no patch of the same group', () => {
    const batch = randomBatch(4, 4, 'alone');
    expect(lossOf({ ...batch, label: [7, 7, 7, 7] }).loss).toBe(0);
    expect(lossOf({ ...batch, group: [7, 7, 7, 7] }).loss).toBe(0);
  });

  it('when testing is the mean over all patches of other videos', () => {
    const batch = randomBatch(4, 4, 'testing');
    const all = tf.tidy(() =>
      rankingLossOnAll(pairsOf(batch), { selection: 'released', negatives: 1, margin: 0.5 }).loss.dataSync(),
    )[0]!;
    expect(all).toBeCloseTo(lossOf(batch, { negatives: 6, hardShare: 0 }).loss, 5);
  });

  it('leaves no tensor', () => {
    expect(countLeaks(() => void lossOf(byHand))).toBe(0);
  });
});

describe('the choice of negatives', () => {
  const similarity = [[0.9, 0.1, 0.8, 0.3, 0.7, 0.2, 0.6, 0.5]];
  const others = [[0, 0, 1, 1, 1, 1, 1, 1]];

  it('takes the hardest first, and never one that is not offered', () => {
    expect(chosenOf(similarity, others, { negatives: 2 })).toEqual([[2, 4]]);
    expect(chosenOf(similarity, others, { negatives: 4 })).toEqual([[2, 4, 6, 7]]);
    expect(chosenOf(similarity, [[0, 0, 0, 1, 0, 0, 0, 0]], { negatives: 4 })).toEqual([[3]]);
  });

  it('takes all that violate the margin where there are K or fewer, as released', () => {
    const options = { selection: 'released', negatives: 4, hardShare: 0.5 } as const;
    expect(chosenOf(similarity, others, { ...options, margin: 0.25 })).toEqual([[2]]); // 0.8 - 1 + 0.25 > 0
    expect(chosenOf(similarity, others, { ...options, margin: 0.45 })).toEqual([[2, 4, 6]]);
    expect(chosenOf(similarity, others, { ...options, margin: 0.1 })).toEqual([[]]);
  });

  /** Many pairs that are alike, each with draws of its own. */
  const many = (options: Parameters<typeof chosenOf>[2]) => {
    const repeat = <T>(row: T) => Array.from({ length: 400 }, () => row);
    return chosenOf(repeat(similarity[0]!), repeat(others[0]!), options);
  };
  const sharesOf = (chosen: readonly (readonly number[])[]) =>
    Array.from({ length: 8 }, (_, i) => chosen.filter((row) => row.includes(i)).length / chosen.length);

  it('draws random ones alike from all others, with other ones for another seed', () => {
    const chosen = many({ negatives: 2, hardShare: 0 });
    expect(chosen.every((row) => row.length === 2)).toBe(true);
    const shares = sharesOf(chosen);
    expect(shares.slice(0, 2)).toEqual([0, 0]);
    const deviation = Math.sqrt(((1 / 3) * (2 / 3)) / chosen.length);
    for (const share of shares.slice(2)) expect(Math.abs(share - 1 / 3)).toBeLessThan(4 * deviation);
    expect(many({ negatives: 2, hardShare: 0 })).toEqual(chosen);
    expect(many({ negatives: 2, hardShare: 0, seed: 4 })).not.toEqual(chosen);
  });

  it('has the share of hard ones that was asked for, the others from the rest', () => {
    const chosen = many({ negatives: 4, hardShare: 0.5 });
    expect(chosen.every((row) => row.length === 4 && row.includes(2) && row.includes(4))).toBe(true);
    const shares = sharesOf(chosen);
    for (const i of [3, 5, 6, 7]) expect(Math.abs(shares[i]! - 1 / 2)).toBeLessThan(0.1);
  });

  it('draws some of the K nearest and some of the rest, as released', () => {
    const chosen = many({ selection: 'released', negatives: 2, margin: 1, hardShare: 0.5 });
    expect(chosen.every((row) => row.length === 2 && (row.includes(2) || row.includes(4)))).toBe(true);
    // one of 2 and 4, then one of the five that are left
    const shares = sharesOf(chosen);
    for (const i of [2, 4]) expect(Math.abs(shares[i]! - (0.5 + 0.5 / 5))).toBeLessThan(0.1);
    for (const i of [3, 5, 6, 7]) expect(Math.abs(shares[i]! - 1 / 5)).toBeLessThan(0.08);
  });
});

function gradientOf(batch: Batch, selection: Selection): number[] {
  return tf.tidy(() => {
    const { label, groupLabel } = pairsOf(batch);
    const scalars = { hardShare: tf.scalar(1), seed: tf.tensor1d([3, 5], 'int32') };
    const f = (x: ReturnType<typeof tf.tensor>) => {
      const embeddings = tf.reshape(toUnitLength(x), [batch.label.length, 2, -1]);
      const config = { selection, negatives: 4, margin: 0.5 };
      return rankingLoss({ embeddings, label, groupLabel }, scalars, config).loss as ReturnType<typeof tf.scalar>;
    };
    return [
      ...tf
        .grad(f)(tf.tensor2d(batch.rows.map((row) => [...row])))
        .dataSync(),
    ];
  });
}
