import { beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { createMotionSet, type SyntheticVideo } from '../../src/synthetic/index.js';
import { denseFlow, resizeRgb, toLuma } from '../../src/vision/index.js';

const set = createMotionSet({
  seed: 21,
  groups: 12,
  testGroups: 5,
  clipsPerGroup: 3,
  takeFrames: 60,
  cutEvery: 0,
});
const [width, height] = [80, 60];
const small = (video: SyntheticVideo, i: number) => resizeRgb(video.frame(i), 160, 120, width, height);

interface Item {
  readonly video: SyntheticVideo;
  readonly feature: readonly number[];
}

/** One frame: how many pixels of each saturated hue. */
function colours(video: SyntheticVideo): readonly number[] {
  const frame = small(video, 30);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < frame.length; i += 3) {
    const [r, g, b] = [frame[i]!, frame[i + 1]!, frame[i + 2]!];
    const [low, high] = [Math.min(r, g, b), Math.max(r, g, b)];
    if (high - low > 80)
      counts[(r > (low + high) / 2 ? 4 : 0) + (g > (low + high) / 2 ? 2 : 0) + (b > (low + high) / 2 ? 1 : 0) - 1]!++;
  }
  return counts.map(Math.sqrt);
}

/** One frame, whole, at 16×12. */
function picture(video: SyntheticVideo): readonly number[] {
  return [...resizeRgb(video.frame(30), 160, 120, 16, 12)];
}

/** Two frames six apart, of three places the one with the most motion: how much goes across, up and down, and round. */
function motion(video: SyntheticVideo): readonly number[] {
  const candidates = [8, 28, 48].map((at) => {
    const flow = denseFlow(toLuma(small(video, at)), toLuma(small(video, at + 6)), width, height);
    let [across, down, round] = [0, 0, 0];
    for (let y = 1; y < height - 1; y++) {
      for (let x = 1; x < width - 1; x++) {
        const i = 2 * (y * width + x);
        across += Math.abs(flow[i]!);
        down += Math.abs(flow[i + 1]!);
        round += (flow[i + 3]! - flow[i - 1]! - flow[i + 2 * width]! + flow[i - 2 * width]!) / 2;
      }
    }
    return [across, down, Math.abs(round)] as const;
  });
  const [across, down, round] = candidates.reduce((a, b) => (a[0] + a[1] > b[0] + b[1] ? a : b));
  const sum = across + down;
  return [across / sum, down / sum, 2 * Math.min(1, round / sum), 0.5 * Math.log2(sum)];
}

/** Top-1 accuracy of the nearest neighbour. */
function nearest(train: readonly Item[], held: readonly Item[]): number {
  const distance = (a: Item, b: Item) =>
    a.feature.reduce((sum, value, i) => sum + (value - b.feature[i]!) * (value - b.feature[i]!), 0);
  const right = held.filter((item) => {
    const best = train.reduce((a, b) => (distance(item, b) < distance(item, a) ? b : a));
    return best.video.label === item.video.label;
  });
  return right.length / held.length;
}

function byGroup(items: readonly Item[]): number {
  return nearest(
    items.filter((item) => item.video.role === 'train'),
    items.filter((item) => item.video.role === 'test'),
  );
}

function byClip(items: readonly Item[]): number {
  const shuffled = createRandom(2).shuffle(items);
  const share = Math.round((shuffled.length * 7) / 12);
  return nearest(shuffled.slice(0, share), shuffled.slice(share));
}

describe('what a nearest neighbour can tell, on held-out groups (chance 0.25)', () => {
  const featured = (videos: readonly SyntheticVideo[], feature: (video: SyntheticVideo) => readonly number[]) =>
    videos.map((video) => ({ video, feature: feature(video) }));
  const coloured = set.filter((video) => video.label < 4);
  const moving = set.filter((video) => video.label >= 4);
  let wholePictures: readonly Item[] = [];
  beforeAll(() => {
    wholePictures = featured(moving, picture);
  });

  test('one frame tells the four classes of colour', () => {
    expect(byGroup(featured(coloured, colours))).toBeGreaterThan(0.95);
  });

  test('motion does not tell the classes of colour', () => {
    expect(byGroup(featured(coloured, motion))).toBeLessThan(0.45);
  });

  test('one frame does not tell the four classes of motion', () => {
    expect(byGroup(featured(moving, colours))).toBeLessThan(0.4);
    expect(byGroup(wholePictures)).toBeLessThan(0.4);
  });

  test('two frames do', () => {
    expect(byGroup(featured(moving, motion))).toBeGreaterThan(0.85);
  });

  test('a split by clips instead of groups inflates accuracy, because a backdrop gives its class away', () => {
    expect(byClip(wholePictures)).toBeGreaterThan(byGroup(wholePictures) + 0.15);
  });
});

test('order can mostly be read off the truth: the middle lies between the ends', () => {
  const random = createRandom(6);
  const between = (x: number, from: number, to: number) => Math.min(from, to) <= x && x <= Math.max(from, to);
  let [right, all] = [0, 0];
  for (const video of createMotionSet({ seed: 4, cutEvery: 0 })) {
    const { position, angle } = video.truth;
    for (let n = 0; n < 50; n++) {
      const [outer, before, after] = [30 + random.int(31), 15 + random.int(16), 15 + random.int(16)];
      if (before + outer + after > 99) continue;
      const a = random.int(100 - before - outer - after);
      const b = a + before;
      const c = b + Math.ceil(outer / 3) + random.int(Math.floor(outer / 3));
      const d = b + outer;
      // The coordinate that moves the most, a turn weighed as a hundred pixels.
      const ways = [(i: number) => position(i).x, (i: number) => position(i).y, (i: number) => 100 * angle(i)];
      const range = (way: (i: number) => number) => {
        const values = [a, b, c, d, d + after].map(way);
        return Math.max(...values) - Math.min(...values);
      };
      const at = ways.reduce((one, other) => (range(other) > range(one) ? other : one));
      const still = [a, d + after].some((end) => at(end) === at(end < b ? b : d)); // at rest there is no order to tell
      if (still) continue;
      right +=
        Number(between(at(c), at(b), at(d))) +
        Number(!between(at(a), at(b), at(d))) +
        Number(!between(at(d + after), at(b), at(d)));
      all += 3;
    }
  }
  expect(all).toBeGreaterThan(5000);
  expect(right / all).toBeGreaterThan(0.85);
  expect(right / all).toBeLessThan(0.99); // a few swing or turn round: not everything is decided
});
