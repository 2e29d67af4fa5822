import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { tf } from './tf.js';
import type { Gradients, StepResult } from './trainer.js';

/** One weight that an optimizer moves. */
export interface Parameter {
  /** Reference name, as in `Trainer.variables`. */
  readonly name: string;
  readonly variable: Variable;
  /** Factor of the learning rate; default 1. */
  readonly learningRateMultiplier?: number;
  /** Factor of the weight decay; default 1. */
  readonly decayMultiplier?: number;
}

/**
 * Moves weights by their gradients. Made to be captured: the learning rate is a tensor, nothing is read back, and all that
 * it remembers is in `slots`.
 */
export interface Optimizer {
  /** By `<weight>/<slot>`; part of a checkpoint. */
  readonly slots: ReadonlyMap<string, Variable>;
  /**
   * One update.
   *
   * @param gradients one for each parameter, in their order.
   * @param learningRate float32 [].
   */
  apply(gradients: Gradients, learningRate: Tensor): void;
  dispose(): void;
}

/**
 * Stochastic gradient descent with momentum, L2 decay added to the gradient:
 * `g += decay * w`; `caffe`: `v = momentum * v + rate * g; w -= v`; `pytorch`: `v = momentum * v + g; w -= rate * v`.
 * The two differ where the rate changes: Caffe's velocity keeps the old one.
 */
export function momentumSgd(
  parameters: readonly Parameter[],
  {
    momentum = 0.9,
    weightDecay = 0,
    style = 'pytorch',
  }: { readonly momentum?: number; readonly weightDecay?: number; readonly style?: 'caffe' | 'pytorch' } = {},
): Optimizer {
  const slots = makeSlots(parameters, ['velocity']);
  return {
    slots,
    apply: (gradients, learningRate) =>
      forEachGradient(parameters, gradients, (parameter, gradient) => {
        const { name, variable, learningRateMultiplier = 1 } = parameter;
        const velocity = slots.get(`${name}/velocity`)!;
        const rate = scaled(learningRate, learningRateMultiplier);
        const slope = withDecay(gradient, parameter, weightDecay);
        const step = style === 'caffe' ? tf.mul(slope, rate) : slope;
        const next = tf.add(tf.mul(velocity, momentum), step);
        velocity.assign(next);
        variable.assign(tf.sub(variable, style === 'caffe' ? next : tf.mul(next, rate)));
      }),
    dispose: () => disposeSlots(slots),
  };
}

/**
 * Adam, with PyTorch's epsilon (outside the bias correction) and L2 decay added to the gradient. The powers of beta1 and
 * beta2 are kept as slots, so that a step needs no counter.
 *
 * Source: Kingma and Ba, "Adam", 2015, algorithm 1.
 */
export function adam(
  parameters: readonly Parameter[],
  {
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0,
  }: {
    readonly beta1?: number;
    readonly beta2?: number;
    readonly epsilon?: number;
    readonly weightDecay?: number;
  } = {},
): Optimizer {
  const slots = makeSlots(parameters, ['mean', 'square']);
  const power1 = tf.tidy(() => tf.variable(tf.scalar(1), false));
  const power2 = tf.tidy(() => tf.variable(tf.scalar(1), false));
  slots.set('adam/beta1Power', power1);
  slots.set('adam/beta2Power', power2);
  return {
    slots,
    apply(gradients, learningRate) {
      tf.tidy(() => {
        power1.assign(tf.mul<Scalar>(power1, beta1));
        power2.assign(tf.mul<Scalar>(power2, beta2));
      });
      forEachGradient(parameters, gradients, (parameter, gradient) => {
        const { name, variable, learningRateMultiplier = 1 } = parameter;
        const [mean, square] = [slots.get(`${name}/mean`)!, slots.get(`${name}/square`)!];
        const slope = withDecay(gradient, parameter, weightDecay);
        mean.assign(tf.add(tf.mul(mean, beta1), tf.mul(slope, 1 - beta1)));
        square.assign(tf.add(tf.mul(square, beta2), tf.mul(tf.square(slope), 1 - beta2)));
        const spread = tf.add(tf.sqrt(tf.div(square, tf.sub(1, power2))), epsilon);
        const rate = tf.div(scaled(learningRate, learningRateMultiplier), tf.sub(1, power1));
        variable.assign(tf.sub(variable, tf.mul(rate, tf.div(mean, spread))));
      });
    },
    dispose: () => disposeSlots(slots),
  };
}

/**
 * A loss and its gradients.
 *
 * @param forward gives the loss, float32 [], and what else is to survive; assignments of running statistics belong in here.
 * @returns `gradients` in the order of `parameters`; zeros where the loss does not depend on one.
 */
export function lossAndGradients<R extends StepResult>(
  parameters: readonly Parameter[],
  forward: () => R,
): { readonly result: R; readonly gradients: Gradients } {
  return tf.tidy(() => {
    const kept: Record<string, Tensor> = {};
    const { value, grads } = tf.variableGrads(
      () => {
        const result = forward();
        for (const [name, tensor] of Object.entries(result)) kept[name] = tf.keep(tensor.clone()); // the gradient's own tidy would free them
        return result.loss as Scalar;
      },
      parameters.map(({ variable }) => variable),
    );
    value.dispose();
    const result = Object.fromEntries(Object.entries(kept).map(([name, tensor]) => [name, tensor.clone()]));
    tf.dispose(kept);
    const slopes = grads as Readonly<Record<string, Tensor | null | undefined>>;
    const gradients = parameters.map(({ variable }) => slopes[variable.name] ?? tf.zerosLike(variable));
    return { result: result as R, gradients };
  });
}

function makeSlots(parameters: readonly Parameter[], kinds: readonly string[]): Map<string, Variable> {
  const slots = new Map<string, Variable>();
  for (const { name, variable } of parameters) {
    for (const kind of kinds)
      slots.set(
        `${name}/${kind}`,
        tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)),
      );
  }
  return slots;
}

function disposeSlots(slots: ReadonlyMap<string, Variable>): void {
  for (const slot of slots.values()) slot.dispose();
}

/** One parameter after the other, so that only one's intermediate results are held. */
function forEachGradient(
  parameters: readonly Parameter[],
  gradients: Gradients,
  update: (parameter: Parameter, gradient: Tensor) => void,
): void {
  if (gradients.length !== parameters.length)
    throw new RangeError(`There must be ${parameters.length} gradients, got ${gradients.length}.`);
  parameters.forEach((parameter, i) => tf.tidy(() => update(parameter, gradients[i]!)));
}

function withDecay(gradient: Tensor, { variable, decayMultiplier = 1 }: Parameter, weightDecay: number): Tensor {
  const decay = weightDecay * decayMultiplier;
  return decay === 0 ? gradient : tf.add(gradient, tf.mul(variable, decay));
}

function scaled(rate: Tensor, multiplier: number): Tensor {
  return multiplier === 1 ? rate : tf.mul(rate, multiplier);
}
