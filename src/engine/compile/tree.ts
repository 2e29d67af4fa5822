import type { Tensor } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';

/** What a step may give: a tensor, or arrays and records of such. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [name: string]: TensorTree };

/**
 * The tensors of a tree, in order.
 *
 * @throws TypeError naming a place that holds no tensor.
 */
export function flattenTree(tree: TensorTree, place = 'the result'): Tensor[] {
  if (tree instanceof tf.Tensor) return [tree];
  if (Array.isArray(tree))
    return (tree as readonly TensorTree[]).flatMap((branch, i) => flattenTree(branch, `${place}[${i}]`));
  if (typeof tree === 'object' && (tree as unknown) !== null)
    return Object.entries(tree).flatMap(([name, branch]) => flattenTree(branch, `${place}.${name}`));
  throw new TypeError(`A step gives tensors, and arrays and records of them; ${place} is ${typeof tree}.`);
}

/** A tree of the same form, of other tensors in the order of `flattenTree`. */
export function fillTree(form: TensorTree, tensors: readonly Tensor[]): TensorTree {
  const rest = tensors.values();
  const fill = (branch: TensorTree): TensorTree => {
    if (branch instanceof tf.Tensor) return rest.next().value!;
    if (Array.isArray(branch)) return (branch as readonly TensorTree[]).map(fill);
    return Object.fromEntries(Object.entries(branch).map(([name, inner]) => [name, fill(inner)]));
  };
  return fill(form);
}

/**
 * What a step gives, and none of the tensors that it made on the way. A result that is an argument, a variable or another
 * result gets a tensor of its own: its receiver may dispose of it.
 */
export function runTidily<R extends TensorTree>(step: (...args: Tensor[]) => R, args: readonly Tensor[]): R {
  return tf.tidy(() => {
    const results = step(...args);
    const seen = new Set<Tensor>(args);
    const own = flattenTree(results).map((tensor) => {
      const isFresh = !seen.has(tensor) && !(tensor instanceof tf.Variable);
      seen.add(tensor);
      return isFresh ? tensor : tf.clone(tensor);
    });
    return fillTree(results, own) as R & Tensor;
  });
}
