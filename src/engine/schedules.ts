/** A learning rate at each 0-based step. */
export type Schedule = (step: number) => number;

/** The same at every step. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}

/** Multiplied by `factor` at each of the given steps. */
export function stepRate(
  rate: number,
  { at, factor = 0.1 }: { readonly at: readonly number[]; readonly factor?: number },
): Schedule {
  return (step) => at.reduce((current, boundary) => (step >= boundary ? current * factor : current), rate);
}

/** Falls from `rate` to `end` along half a cosine over `steps`. */
export function cosineRate(
  rate: number,
  { steps, end = 0 }: { readonly steps: number; readonly end?: number },
): Schedule {
  return (step) => end + ((rate - end) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/** Falls from `rate` to 0 over `steps` as Caffe's `poly`: `rate * (1 - step / steps) ** power`; a straight line for power 1. */
export function polyRate(
  rate: number,
  { steps, power = 1 }: { readonly steps: number; readonly power?: number },
): Schedule {
  return (step) => rate * Math.max(0, 1 - step / steps) ** power;
}

/** Rises in a straight line over the first `steps`, then follows `schedule`, whose steps count from 0 as well. */
export function withWarmUp(schedule: Schedule, steps: number): Schedule {
  return (step) => schedule(step) * Math.min(1, (step + 1) / Math.max(1, steps));
}
