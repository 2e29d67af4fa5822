import type { SvgLpPlan } from './plan.js';

/** One convolution of encoder or decoder, with what follows it. */
export interface Unit {
  /** In the weights: `encoder.c1`, `decoder.u2_1`, …. */
  readonly name: string;
  /**
   * `down`: 4×4 at every second place; `plain`: 3×3; `code`: 4×4 over a 4×4 map, which leaves one number a feature; `first`: the
   * reverse, from a code to a 4×4 map; `up`: 4×4 transposed, twice the side; `enlarged`: 3×3 after doubling the side by
   * repetition; `last`: 3×3 transposed at the same side.
   */
  readonly kind: 'down' | 'plain' | 'code' | 'first' | 'up' | 'enlarged' | 'last';
  /** Features of the input, those of the skip connection included. */
  readonly inputs: number;
  readonly outputs: number;
  /** Of those inputs, the last ones come from the encoder. */
  readonly skipped: number;
  /** Side of what it gives. */
  readonly side: number;
  readonly activation: 'leaky' | 'tanh' | 'sigmoid';
}

/** Encoder and decoder as lists of units. */
export interface Backbone {
  /** From the frame's own size down; the last output of each level is a skip connection. */
  readonly encoder: readonly (readonly Unit[])[];
  /** Whether pooling stands between levels (VGG); else the units themselves step. */
  readonly pools: boolean;
  readonly code: Unit;
  readonly first: Unit;
  /** From 4×4 up to the frame's size: the level of the deepest skip connection first. */
  readonly decoder: readonly (readonly Unit[])[];
}

/** Units of the levels of VGG, from the frame's size down. */
const vggDepths = [2, 2, 3, 3, 3] as const;

/**
 * The layers of a model: `imageSize` 64 has four levels, each size twice as large one more. Every unit but the decoder's last is
 * batch-normalised, the first and the code too, unlike DCGAN's.
 *
 * Source: Denton and Fergus, ICML 2018, appendix A; edenton/svg, models/dcgan_64.py, dcgan_128.py, vgg_64.py and vgg_128.py.
 */
export function planBackbone(plan: SvgLpPlan): Backbone {
  const levels = Math.log2(plan.imageSize) - 2;
  const features = Array.from({ length: levels }, (_, level) => plan.width * Math.min(8, 1 << level));
  return plan.backbone === 'dcgan' ? planDcgan(plan, features) : planVgg(plan, features);
}

function planDcgan({ imageSize, channels, codeSize }: SvgLpPlan, features: readonly number[]): Backbone {
  const deepest = features.at(-1)!;
  const encoder = features.map((outputs, level) => [
    unit(`encoder.c${level + 1}`, 'down', {
      inputs: level === 0 ? channels : features[level - 1]!,
      outputs,
      side: imageSize >> (level + 1), // 64 → 32, 16, 8, 4
    }),
  ]);
  const decoder = [...features.keys()].reverse().map((level, i) => [
    unit(`decoder.u${i + 2}`, 'up', {
      inputs: 2 * features[level]!,
      outputs: level === 0 ? channels : features[level - 1]!,
      skipped: features[level]!,
      side: imageSize >> level, // 4 → 8, 16, 32, 64
      activation: level === 0 ? 'sigmoid' : 'leaky',
    }),
  ]);
  return { encoder, pools: false, decoder, ...planEnds(codeSize, deepest, features.length) };
}

function planVgg({ imageSize, channels, codeSize }: SvgLpPlan, features: readonly number[]): Backbone {
  const deepest = features.at(-1)!;
  const encoder = features.map((outputs, level) =>
    Array.from({ length: vggDepths[level]! }, (_, i) =>
      unit(`encoder.c${level + 1}_${i + 1}`, 'plain', {
        inputs: i > 0 ? outputs : level === 0 ? channels : features[level - 1]!,
        outputs,
        side: imageSize >> level, // 64, 32, 16, 8; pooled to 4
      }),
    ),
  );
  const decoder = [...features.keys()].reverse().map((level, n) => {
    const [width, depth, side] = [features[level]!, vggDepths[level]!, imageSize >> level]; // 8, 16, 32, 64
    return Array.from({ length: depth }, (_, i) => {
      const isLast = i === depth - 1;
      return unit(`decoder.u${n + 2}_${i + 1}`, i === 0 ? 'enlarged' : isLast && level === 0 ? 'last' : 'plain', {
        inputs: i === 0 ? 2 * width : width,
        outputs: !isLast ? width : level === 0 ? channels : features[level - 1]!,
        skipped: i === 0 ? width : 0,
        side,
        activation: isLast && level === 0 ? 'sigmoid' : 'leaky',
      });
    });
  });
  return { encoder, pools: true, decoder, ...planEnds(codeSize, deepest, features.length) };
}

function planEnds(codeSize: number, deepest: number, levels: number): Pick<Backbone, 'code' | 'first'> {
  return {
    code: unit(`encoder.c${levels + 1}`, 'code', { inputs: deepest, outputs: codeSize, side: 1, activation: 'tanh' }),
    first: unit('decoder.u1', 'first', { inputs: codeSize, outputs: deepest, side: 4 }),
  };
}

function unit(
  name: string,
  kind: Unit['kind'],
  rest: Pick<Unit, 'inputs' | 'outputs' | 'side'> & Partial<Pick<Unit, 'skipped' | 'activation'>>,
): Unit {
  return { name, kind, skipped: 0, activation: 'leaky', ...rest };
}

/** All units, in the order in which they run. */
export function listUnits({ encoder, code, first, decoder }: Backbone): readonly Unit[] {
  return [...encoder.flat(), code, first, ...decoder.flat()];
}

/** Side of a unit's kernel. */
export function kernelOf({ kind }: Unit): number {
  return kind === 'plain' || kind === 'enlarged' || kind === 'last' ? 3 : 4;
}

/** Whether a kernel is [height, width, outputs, inputs], as those of transposed convolutions are. */
export function isTransposed({ kind }: Unit): boolean {
  return kind === 'first' || kind === 'up' || kind === 'last';
}
