/** A function of many variables: writes its gradient at `x` into `gradient` and returns its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/**
 * Minimises a smooth function by L-BFGS with a backtracking line search, in place: `x` is where to start, and holds the minimum found.
 * Ends when no component of the gradient is larger than `tolerance`.
 *
 * Source: Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5.
 */
export function minimise(
  objective: Objective,
  x: Float64Array,
  {
    maxIterations = 200,
    tolerance = 1e-5,
    memory = 10,
  }: { readonly maxIterations?: number; readonly tolerance?: number; readonly memory?: number } = {},
): { readonly value: number; readonly iterations: number; readonly converged: boolean } {
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (largest(gradient) <= tolerance) return { value, iterations: iteration, converged: true };
    const direction = twoLoop(gradient, pairs);
    const slope = dot(direction, gradient);
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let step = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let nextValue = Infinity;
    for (let halvings = 0; halvings < 40; halvings++, step /= 2) {
      for (let i = 0; i < x.length; i++) next[i] = x[i]! + step * direction[i]!;
      nextValue = objective(next, nextGradient);
      if (nextValue <= value + 1e-4 * step * slope) break;
    }
    if (!(nextValue < value)) return { value, iterations: iteration, converged: false }; // float64 gives no lower value
    const s = next.map((after, i) => after - x[i]!);
    const y = nextGradient.map((after, i) => after - gradient[i]!);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > memory) pairs.shift();
    }
    x.set(next);
    gradient = nextGradient;
    value = nextValue;
  }
  return { value, iterations: maxIterations, converged: largest(gradient) <= tolerance };
}

/** The descent direction: minus the approximate inverse Hessian times the gradient. */
function twoLoop(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.slice();
  const alphas = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, rho } = pairs[k]!;
    alphas[k] = rho * dot(s, q);
    for (let i = 0; i < q.length; i++) q[i]! -= alphas[k]! * y[i]!;
  }
  const last = pairs.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1;
  for (let i = 0; i < q.length; i++) q[i]! *= scale;
  pairs.forEach(({ s, y, rho }, k) => {
    const beta = rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i]! += (alphas[k]! - beta) * s[i]!;
  });
  for (let i = 0; i < q.length; i++) q[i] = -q[i]!;
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function largest(values: Float64Array): number {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  return max;
}
