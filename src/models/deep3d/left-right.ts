import { conv2d, tf, type Tensor, type Trainer } from '../../engine/index.js';
import type { Deep3dConfig } from './config.js';
import { movePicture } from './select.js';
import { headCount } from './shapes.js';

/** Disparities of both eyes at several sizes, the picture's own first: float32 [batch, height, width, 1] each, as shares of the width. */
export interface EyeDisparities {
  readonly left: readonly Tensor[];
  readonly right: readonly Tensor[];
}

/**
 * Disparities of both eyes from the left one alone. Positive is nearer than the screen.
 *
 * @param left float32 [batch, height, width, 3], RGB in 0–255.
 *
 * Source: Godard, Mac Aodha and Brostow, "Unsupervised Monocular Depth Estimation with Left-Right Consistency", CVPR 2017;
 *   mrharicot/monodepth, monodepth_model.py.
 * Differs: `sign: both` bounds disparities by a tanh, so that films, which have both signs, can be learned.
 */
export function findDisparities(
  left: Tensor,
  weights: Trainer['variables'],
  config: Deep3dConfig,
): { readonly disparities: EyeDisparities; readonly deepest: Tensor } {
  const apply = (x: Tensor, name: string, stride = 1): Tensor =>
    conv2d(x, weights.get(`${name}.weight`)!, {
      bias: weights.get(`${name}.bias`)!,
      ...(stride > 1 ? { stride } : {}),
    });
  const depth = config.channels.length;
  let x: Tensor = tf.div(tf.sub(left, tf.tensor1d(config.mean)), config.scale);
  const maps: Tensor[] = [];
  config.convolutions.forEach((count, level) => {
    for (let n = 1; n <= count; n++) x = tf.elu(apply(x, `conv${level + 1}_${n}`, n === count ? 2 : 1));
    maps.push(x);
  });
  const found: { readonly left: Tensor; readonly right: Tensor }[] = [];
  let head: Tensor | null = null;
  for (let level = depth; level >= 1; level--) {
    const upper = tf.elu(apply(enlarge(x), `up${level}`));
    const parts = [upper, ...(level > 1 ? [maps[level - 2]!] : []), ...(head ? [enlarge(head)] : [])];
    x = tf.elu(apply(parts.length === 1 ? upper : tf.concat(parts, -1), `merge${level}`));
    if (level > headCount(config)) continue;
    const raw = apply(x, `disparity${level}`);
    head = tf.mul(config.sign === 'both' ? tf.tanh(raw) : tf.sigmoid(raw), config.mostDisparity);
    const [own, other] = tf.split(head, 2, -1) as [Tensor, Tensor];
    found.unshift({ left: own, right: other });
  }
  const disparities = { left: found.map((each) => each.left), right: found.map((each) => each.right) };
  return { disparities, deepest: maps.at(-1)! };
}

/** Each pixel twice both ways. */
function enlarge(x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const wide = tf.reshape(tf.stack([x, x], 3), [batch, height, 2 * width, channels]);
  return tf.reshape(tf.stack([wide, wide], 2), [batch, 2 * height, 2 * width, channels]);
}

/** The right eye as the left one shows it, moved by the right eye's disparity in pixels. Of float32 [batch, height, width, channels]. */
export function rightFromLeft(left: Tensor, disparity: Tensor, config: Pick<Deep3dConfig, 'mostDisparity'>): Tensor {
  const width = left.shape[2]!;
  return movePicture(left, tf.mul(disparity, -width), reachAt(width, config));
}

/** The left eye as the right one shows it, moved by the left eye's disparity. */
function leftFromRight(right: Tensor, disparity: Tensor, config: Pick<Deep3dConfig, 'mostDisparity'>): Tensor {
  const width = right.shape[2]!;
  return movePicture(right, tf.mul(disparity, width), reachAt(width, config));
}

function reachAt(width: number, { mostDisparity }: Pick<Deep3dConfig, 'mostDisparity'>): number {
  return Math.ceil(mostDisparity * width);
}

/**
 * How far both eyes are from what the other one shows of them, how rough their disparities are where the pictures are smooth, and how much they
 * contradict each other; summed over sizes. Where the weight is 0 neither eye's picture counts, nor whether they agree.
 *
 * @param left float32 [batch, height, width, 3] in 0–1; `right` likewise. `weight` float32 [batch, height, width, 1] of 0 and 1.
 */
export function leftRightLoss(
  left: Tensor,
  right: Tensor,
  { left: own, right: other }: EyeDisparities,
  { config, weight }: { readonly config: Deep3dConfig; readonly weight: Tensor },
): { readonly loss: Tensor; readonly picture: Tensor; readonly smoothness: Tensor; readonly consistency: Tensor } {
  let [a, b, counted] = [left, right, weight];
  const terms = { picture: [] as Tensor[], smoothness: [] as Tensor[], consistency: [] as Tensor[] };
  own.forEach((dl, n) => {
    const dr = other[n]!;
    if (n > 0) [a, b, counted] = [halve(a), halve(b), least(counted, 2, 2)];
    terms.picture.push(
      pictureError(a, leftFromRight(b, dl, config), counted, config),
      pictureError(b, rightFromLeft(a, dr, config), counted, config),
    );
    const slope = 1 / 2 ** n;
    terms.smoothness.push(tf.mul(roughness(dl, a), slope), tf.mul(roughness(dr, b), slope));
    terms.consistency.push(
      meanOf(tf.abs(tf.sub(dl, leftFromRight(dr, dl, config))), counted),
      meanOf(tf.abs(tf.sub(dr, rightFromLeft(dl, dr, config))), counted),
    );
  });
  const sum = (parts: readonly Tensor[]): Tensor => parts.reduce((x, y) => tf.add(x, y));
  const [picture, smoothness, consistency] = [sum(terms.picture), sum(terms.smoothness), sum(terms.consistency)];
  const loss = tf.add(picture, tf.add(tf.mul(smoothness, config.smoothness), tf.mul(consistency, config.consistency)));
  return { loss, picture, smoothness, consistency };
}

function halve(x: Tensor): Tensor {
  return tf.avgPool(x as never, 2, 2, 'valid');
}

/** The least of each window: 1 where all of it counts. */
function least(weight: Tensor, size: number, stride: number): Tensor {
  return tf.neg<Tensor>(tf.maxPool(tf.neg(weight) as never, size, stride, 'valid'));
}

/** Mean over the places that count, and over channels; 0 where none does. */
function meanOf(values: Tensor, weight: Tensor): Tensor {
  const counted = tf.maximum(tf.mul(tf.sum(weight), values.shape.at(-1)!), 1);
  return tf.div(tf.sum(tf.mul(values, weight)), counted);
}

function pictureError(truth: Tensor, made: Tensor, weight: Tensor, { similarityWeight }: Deep3dConfig): Tensor {
  const absolute = meanOf(tf.abs(tf.sub(truth, made)), weight);
  const unlike = meanOf(dissimilarity(truth, made), least(weight, 3, 1));
  return tf.add(tf.mul(absolute, 1 - similarityWeight), tf.mul(unlike, similarityWeight));
}

const [c1, c2] = [0.01 * 0.01, 0.03 * 0.03];

/** (1 - SSIM) / 2 in 0–1 over 3×3 means, of every window that lies inside. */
function dissimilarity(x: Tensor, y: Tensor): Tensor {
  const mean = (value: Tensor): Tensor => tf.avgPool(value as never, 3, 1, 'valid');
  const [mx, my] = [mean(x), mean(y)];
  const [mxx, myy, mxy] = [tf.square(mx), tf.square(my), tf.mul(mx, my)];
  const sx = tf.sub(mean(tf.square(x)), mxx);
  const sy = tf.sub(mean(tf.square(y)), myy);
  const sxy = tf.sub(mean(tf.mul(x, y)), mxy);
  const top = tf.mul(tf.add(tf.mul(mxy, 2), c1), tf.add(tf.mul(sxy, 2), c2));
  const bottom = tf.mul(tf.add(tf.add(mxx, myy), c1), tf.add(tf.add(sx, sy), c2));
  return tf.clipByValue(tf.div(tf.sub(1, tf.div(top, bottom)), 2), 0, 1);
}

/** Mean slope of the disparity, less where the picture has one too. */
function roughness(disparity: Tensor, picture: Tensor): Tensor {
  const along = (axis: 1 | 2): Tensor => {
    const slope = (x: Tensor): Tensor => {
      const size = x.shape.slice() as [number, number, number, number];
      size[axis]--;
      const from = axis === 1 ? [0, 1, 0, 0] : [0, 0, 1, 0];
      return tf.abs(tf.sub(tf.slice(x, from, size), tf.slice(x, [0, 0, 0, 0], size)));
    };
    return tf.mean(tf.mul(slope(disparity), tf.exp(tf.neg(tf.mean(slope(picture), -1, true)))));
  };
  return tf.add(along(1), along(2));
}
