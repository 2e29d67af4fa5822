import { tf } from '../../engine/index.js';
import type { Matrix } from './features.js';
import type { Objective } from './lbfgs.js';

/** The loss of a linear classifier as a function of weights [columns, classes], then biases [classes]. */
export interface SoftmaxObjective {
  readonly evaluate: Objective;
  dispose(): void;
}

/** What a loss depends on besides the features. */
export interface SoftmaxOptions {
  readonly classes: number;
  readonly weightDecay: number;
}

/** Products from which the engine is faster: about a tenth of a second here. */
const large = 5e7;

/** Whether rows, columns and classes are so many that the engine multiplies them. */
export function isLarge({ rows, columns }: Pick<Matrix, 'rows' | 'columns'>, classes: number): boolean {
  return rows * columns * classes > large;
}

/**
 * Mean cross-entropy of softmax in nats plus `weightDecay / 2` times the squared weights, not the biases. float64; of very many numbers the products are
 * taken by the engine, in float32.
 *
 * @param labels [rows], 0-based.
 */
export function softmaxObjective(features: Matrix, labels: Int32Array, options: SoftmaxOptions): SoftmaxObjective {
  const multiply = isLarge(features, options.classes) ? multiplyOnEngine : multiplyHere;
  return objectiveBy(multiply(features, options.classes), features, labels, options);
}

/** Products of features with weights, and of errors with features. */
export interface Products {
  /** float [rows, classes], from `x`, of which the weights are the first. */
  scores(x: Float64Array): ArrayLike<number>;
  /** float [columns, classes], from errors [rows, classes]. */
  slopes(errors: Float64Array): ArrayLike<number>;
  dispose(): void;
}

/** The loss by either kind of products. */
export function objectiveBy(
  products: Products,
  { rows, columns }: Matrix,
  labels: Int32Array,
  { classes, weightDecay }: SoftmaxOptions,
): SoftmaxObjective {
  const biases = columns * classes;
  const errors = new Float64Array(rows * classes);
  return {
    evaluate(x, gradient) {
      const scores = products.scores(x);
      let loss = 0;
      gradient.fill(0);
      for (let row = 0; row < rows; row++) {
        const from = row * classes;
        let max = -Infinity;
        for (let c = 0; c < classes; c++) max = Math.max(max, (errors[from + c] = scores[from + c]! + x[biases + c]!));
        const truth = errors[from + labels[row]!]!;
        let total = 0;
        for (let c = 0; c < classes; c++) total += errors[from + c] = Math.exp(errors[from + c]! - max);
        loss += (Math.log(total) + max - truth) / rows;
        for (let c = 0; c < classes; c++) {
          const error = (errors[from + c]! / total - (labels[row] === c ? 1 : 0)) / rows;
          errors[from + c] = error;
          gradient[biases + c]! += error;
        }
      }
      const slopes = products.slopes(errors);
      for (let i = 0; i < biases; i++) {
        loss += 0.5 * weightDecay * x[i]! * x[i]!;
        gradient[i] = slopes[i]! + weightDecay * x[i]!;
      }
      return loss;
    },
    dispose: () => products.dispose(),
  };
}

/** In float64, row by row. */
export function multiplyHere({ data, rows, columns }: Matrix, classes: number): Products {
  const scores = new Float64Array(rows * classes);
  const slopes = new Float64Array(columns * classes);
  return {
    scores(x) {
      scores.fill(0);
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < columns; i++) {
          const value = data[row * columns + i]!;
          for (let c = 0; c < classes; c++) scores[row * classes + c]! += value * x[i * classes + c]!;
        }
      }
      return scores;
    },
    slopes(errors) {
      slopes.fill(0);
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < columns; i++) {
          const value = data[row * columns + i]!;
          for (let c = 0; c < classes; c++) slopes[i * classes + c]! += value * errors[row * classes + c]!;
        }
      }
      return slopes;
    },
    dispose: () => undefined,
  };
}

/** In float32, by the engine. */
export function multiplyOnEngine({ data, rows, columns }: Matrix, classes: number): Products {
  const features = tf.tensor2d(Float32Array.from(data), [rows, columns]);
  return {
    scores: (x) =>
      tf.tidy(() => {
        const weights = tf.tensor2d(Float32Array.from(x.subarray(0, columns * classes)), [columns, classes]);
        return tf.matMul(features, weights).dataSync();
      }),
    slopes: (errors) =>
      tf.tidy(() => tf.matMul(features, tf.tensor2d(Float32Array.from(errors), [rows, classes]), true).dataSync()),
    dispose: () => features.dispose(),
  };
}
