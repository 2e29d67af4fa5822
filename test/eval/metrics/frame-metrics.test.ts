import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/index.js';
import {
  channelPsnr,
  gradientDifference,
  mathieuPsnr,
  matchBlocks,
  maxPsnr,
  meanAbsoluteError,
  meanSquaredError,
  movingArea,
  movingError,
  movingSsim,
  psnrOfError,
  sharpness,
  sharpnessVariants,
  ssim,
  ssimVariants,
  type FramePixels,
  type SsimName,
} from '../../../src/eval/index.js';
import { frameMetric, frameMetricNames } from '../../../src/eval/prediction/frame-metrics.js';
import { frameCases, sineFrame } from './frame-cases.js';

/** mse, PSNR, SSIM of three kinds, sharpness, gradient difference (sum) of exponents 1 and 2. */
const handGolden: Readonly<Record<string, readonly number[]>> = {
  waves: [0.0197413, 17.046243, 0.802983, 0.838649, 0.844257, 12.467935, 56.281063, 2.103843],
  plain: [0.01, 20, 0.983609, 0.983609, 0.983617, 100, 0, 0],
  inverse: [0.37498474, 4.259864, -0.989309, -0.989568, -0.961993, 100, 0, 0],
  shifted: [0.046875, 13.290587, 0.490047, 0.728093, 0.730235, 12.503296, 56, 56],
  black: [0.140625, 8.519375, 0.244982, 0.520791, 0.521541, 13.014822, 48, 48],
  blurred: [0.01171875, 19.311187, 0.752387, 0.86504, 0.869142, 15.513596, 28, 14],
};

interface Golden {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly mse: number;
  readonly psnr: number;
  readonly channelPsnr: number;
  readonly ssim: Readonly<Record<SsimName, number>>;
  readonly sharpnessMathieuCode: number;
  readonly sharpnessTf: number;
}

const golden = JSON.parse(readFileSync(new URL('../../golden/prediction-metrics.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Golden[];
};

const variants = Object.keys(ssimVariants) as SsimName[];
const flat = (level: number): FramePixels => ({
  data: new Float64Array(400).fill(level),
  width: 20,
  height: 20,
  channels: 1,
});

describe('metrics of a frame', () => {
  it.each(Object.keys(handGolden))('equal values worked out elsewhere: %s', (name) => {
    const [truth, predicted] = frameCases[name]!;
    const error = meanSquaredError(truth, predicted);
    const measured = [
      error,
      psnrOfError(error),
      ssim(truth, predicted),
      ssim(truth, predicted, 'uniform7.L1'),
      ssim(truth, predicted, 'uniform7.L2'),
      sharpness(truth, predicted),
      gradientDifference(truth, predicted, 1) * 1024,
      gradientDifference(truth, predicted, 2) * 1024,
    ];
    measured.forEach((value, i) => expect(Math.abs(value - handGolden[name]![i]!), `value ${i}`).toBeLessThan(1.01e-6));
  });

  it.each(golden.cases)('equal scikit-image and SciPy on $width × $height × $channels', (one) => {
    const { height, width, channels } = one;
    const a = sineFrame({ height, width, channels }, 0.3);
    const b = sineFrame({ height, width, channels }, 0.3, 0.9);
    expect(meanSquaredError(a, b)).toBeCloseTo(one.mse, 9);
    expect(psnrOfError(meanSquaredError(a, b))).toBeCloseTo(one.psnr, 8);
    expect(channelPsnr(a, b)).toBeCloseTo(one.channelPsnr, 8);
    for (const name of variants) expect(ssim(a, b, name), name).toBeCloseTo(one.ssim[name], 8);
    expect(sharpness(a, b, 'mathieuCode')).toBeCloseTo(one.sharpnessMathieuCode, 8);
    expect(sharpness(a, b, 'tf')).toBeCloseTo(one.sharpnessTf, 8);
  });

  it('are best for equal frames, and PSNR is cut', () => {
    const frame = sineFrame({ height: 20, width: 24, channels: 3 }, 0.3);
    expect(meanSquaredError(frame, frame)).toBe(0);
    expect(psnrOfError(0)).toBe(maxPsnr);
    expect(channelPsnr(frame, frame)).toBe(maxPsnr);
    expect(mathieuPsnr(frame, frame)).toBeCloseTo(10 * Math.log10(255 ** 2 / 1e-4), 12);
    for (const name of variants) expect(ssim(frame, frame, name), name).toBeCloseTo(1, 10);
    for (const name of sharpnessVariants) expect(sharpness(frame, frame, name), name).toBeGreaterThan(80);
  });

  it('are symmetric, and SSIM does not mind turning frames over', () => {
    const size = { height: 21, width: 21, channels: 1 };
    const [a, b] = [sineFrame(size, 0.3), sineFrame(size, 0.3, 0.9)];
    const turn = ({ data }: FramePixels): FramePixels => ({
      data: Float64Array.from(data, (_, i) => data[(i % 21) * 21 + Math.floor(i / 21)]!),
      ...{ width: 21, height: 21, channels: 1 },
    });
    for (const name of variants) {
      expect(ssim(b, a, name)).toBeCloseTo(ssim(a, b, name), 12);
      expect(ssim(turn(a), turn(b), name)).toBeCloseTo(ssim(a, b, name), 12);
    }
    expect(meanAbsoluteError(a, b)).toBe(meanAbsoluteError(b, a));
  });

  it('of plain frames an error apart are what a hand works out', () => {
    const [a, b] = [flat(0.5), flat(0.6)];
    expect(meanAbsoluteError(a, b)).toBeCloseTo(0.1, 12);
    expect(meanSquaredError(a, b)).toBeCloseTo(0.01, 12);
    // in -1–1 the frames are 0.2 apart, times 128: 25.6 of 255
    expect(mathieuPsnr(a, b)).toBeCloseTo(20 * Math.log10(255 / 25.6), 10);
  });

  it('of plain frames follow the formula, and of scaled ones do not change where the range is scaled', () => {
    const [c1] = [0.01 * 0.01];
    expect(ssim(flat(0.3), flat(0.8))).toBeCloseTo((2 * 0.3 * 0.8 + c1) / (0.3 ** 2 + 0.8 ** 2 + c1), 12);
    const [a, b] = frameCases['shifted']!;
    const larger = (frame: FramePixels): FramePixels => ({ ...frame, data: frame.data.map((value) => value * 255) });
    expect(ssim(larger(a), larger(b), { ...ssimVariants.gauss11, range: 255 })).toBeCloseTo(ssim(a, b), 9);
  });

  it('fall as noise grows', () => {
    const truth = sineFrame({ height: 24, width: 24, channels: 1 }, 0.3);
    const noise = createRandom(1);
    const unit = truth.data.map(() => noise.normal());
    const levels = [0.02, 0.05, 0.1, 0.2].map((sd): FramePixels => ({
      ...truth,
      data: truth.data.map((value, i) => value + sd * unit[i]!),
    }));
    for (const measure of [
      (frame: FramePixels) => psnrOfError(meanSquaredError(truth, frame)),
      (frame: FramePixels) => ssim(truth, frame),
      (frame: FramePixels) => sharpness(truth, frame),
    ]) {
      const values = levels.map(measure);
      expect([...values].sort((x, y) => y - x)).toEqual(values);
    }
  });

  it('of sharpness fall as the prediction is blurred', () => {
    const random = createRandom(5);
    const [width, height] = [24, 24];
    const truth: FramePixels = { data: Float64Array.from({ length: width * height }, () => random.float()), width, height, channels: 1 }; // prettier-ignore
    const blur = ({ data }: FramePixels): FramePixels => ({
      ...truth,
      data: data.map((_, i) => {
        const near = [i, i - 1, i + 1, i - width, i + width].filter((at) => at >= 0 && at < data.length);
        return near.reduce((sum, at) => sum + data[at]!, 0) / near.length;
      }),
    });
    const blurred = [blur(truth), blur(blur(truth)), blur(blur(blur(truth)))];
    for (const name of sharpnessVariants) {
      const values = [truth, ...blurred].map((frame) => sharpness(truth, frame, name));
      expect(
        [...values].sort((x, y) => y - x),
        name,
      ).toEqual(values);
      expect(new Set(values).size, name).toBe(values.length);
    }
  });

  it('refuse frames of other sizes and frames smaller than a window', () => {
    expect(() => ssim(flat(0), { ...flat(0), width: 10, height: 40 })).toThrow(RangeError);
    const tiny: FramePixels = { data: new Float64Array(100), width: 10, height: 10, channels: 1 };
    expect(() => ssim(tiny, tiny)).toThrow(/window of 11 pixels.*10×10/);
  });

  it('have a name, a variant and a value each, and sums are means times the values of a frame', () => {
    const [truth, predicted] = frameCases['shifted']!;
    const moving = movingArea(truth, predicted);
    const value = (name: (typeof frameMetricNames)[number]) => frameMetric(name).measure(truth, predicted, moving)!;
    for (const name of frameMetricNames) {
      const { name: short, variant } = frameMetric(name);
      expect(`${short}.${variant}`).toBe(name);
      expect(Number.isFinite(value(name)), name).toBe(true);
    }
    expect(value('mse.sum')).toBeCloseTo(value('mse.mean') * 1024, 10);
    expect(value('mae.sum')).toBeCloseTo(value('mae.mean') * 1024, 10);
  });
});

describe('the moving area', () => {
  const [still, moved] = frameCases['shifted']!;

  it('holds what moved and little else, and is null where nothing did', () => {
    const { mask, share } = movingArea(still, moved);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.4);
    expect(mask[12 * 32 + 9]).toBe(1); // the box's old edge
    expect(mask[12 * 32 + 22]).toBe(1); // two pixels beyond its new one
    expect(mask[0]).toBe(0);
    const nothing = movingArea(still, still);
    expect(nothing.share).toBe(0);
    expect(movingError(still, moved, nothing)).toBeNull();
    expect(movingSsim(still, moved, nothing)).toBeNull();
  });

  it('is all that counts: errors inside weigh fully, errors outside not at all', () => {
    const area = movingArea(still, moved);
    const changed = (inside: boolean): FramePixels => ({
      ...moved,
      data: moved.data.map((value, i) => ((area.mask[i] === 1) === inside ? value + 0.5 : value)),
    });
    expect(movingError(moved, changed(true), area)).toBeCloseTo(0.25, 12);
    expect(movingError(moved, changed(false), area)).toBe(0);
    const everywhere = { mask: new Uint8Array(1024).fill(1), share: 1 };
    expect(movingError(still, moved, everywhere)).toBeCloseTo(meanSquaredError(still, moved), 12);
    expect(movingSsim(still, moved, everywhere)).toBeCloseTo(ssim(still, moved), 12);
  });

  it('comes from blocks that find where they were', () => {
    const random = createRandom(3);
    const texture = Float64Array.from({ length: 48 * 40 }, () => random.float());
    const view = (x0: number, y0: number): FramePixels => ({
      data: Float64Array.from({ length: 32 * 24 }, (_, i) => texture[(Math.floor(i / 32) + y0) * 48 + (i % 32) + x0]!),
      width: 32,
      height: 24,
      channels: 1,
    });
    const { moves, columns, rows } = matchBlocks(view(8, 8), view(5, 10)); // what is seen moves by (3, -2)
    const inner = [...Array(rows * columns).keys()].filter(
      (i) => i % columns > 0 && Math.floor(i / columns) < rows - 1,
    );
    for (const i of inner) expect([moves[2 * i], moves[2 * i + 1]]).toEqual([3, -2]);
    const plain = matchBlocks(flat(0.4), flat(0.4));
    expect([...plain.moves].every((move) => move === 0)).toBe(true);
  });
});
