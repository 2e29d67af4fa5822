import { tfTypes, type Attribute } from '../ops/native.js';
import type { Binding, TensorMetadata } from './hooks.js';

/** What is known of an operation's input: its type and shape, and its numbers where it is a small constant. */
export interface KnownInput {
  readonly type: number;
  readonly shape: readonly number[];
  /** Null: they are no constant's, and may differ each time. */
  readonly bytes: Uint8Array | null;
}

/** Constants up to this size may be shapes, axes or sizes; larger ones are tables, of which only the shape counts here. */
const mostBytes = 1024;

/**
 * Runs the operations of a step that is recorded, for their shapes alone: one tensor of each shape stands in for all float32 tensors of that shape that
 * the step makes, so that recording needs hardly any memory; and an operation that was run on such shapes before is not run again. What is made of
 * nothing but constants is true, and whole numbers are as far as they do not come from floats.
 *
 * Tensors that are stood in for have numbers below -1, which the addon never gives and TensorFlow.js does not ask it to delete.
 */
export class StandIns {
  readonly #binding: Binding;
  /** The addon's number of the tensor for each shape. */
  readonly #byShape = new Map<string, number>();
  readonly #shapes = new Map<number, string>();
  readonly #known = new Map<string, readonly TensorMetadata[]>();
  /** Made of constants. */
  readonly #fixed = new Set<number>();
  #next = -2;

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  /** As the addon's `executeOp`; `describe` tells what is known of an input. */
  execute(
    op: string,
    attributes: readonly Attribute[],
    ids: readonly number[],
    { count, describe }: { readonly count: number; readonly describe: (id: number) => KnownInput },
  ): TensorMetadata[] {
    const inputs = ids.map(describe);
    if (ids.every((id, i) => inputs[i]!.bytes !== null || this.#fixed.has(id))) {
      const given = this.#binding.executeOp(op, attributes, ids, count);
      for (const { id } of given) this.#fixed.add(id);
      return given;
    }
    const key = this.#keyOf(op, attributes, inputs);
    const before = key === null ? undefined : this.#known.get(key);
    if (before) return before.map((output) => this.#standIn(output));
    const real = ids.map((id) => this.realOf(id));
    const given = this.#binding.executeOp(op, attributes, real, count);
    if (key !== null && given.length > 0 && given.every(({ dtype }) => dtype === tfTypes.float32))
      this.#known.set(key, given);
    return given.map((output) => {
      if (output.dtype !== tfTypes.float32) return output;
      const shape = output.shape.join();
      if (this.#byShape.has(shape)) this.#binding.deleteTensor(output.id);
      else this.#byShape.set(shape, output.id);
      return this.#standIn(output);
    });
  }

  /** The addon's number of a tensor that can be computed with. */
  realOf(id: number): number {
    const shape = this.#shapes.get(id);
    return shape === undefined ? id : this.#byShape.get(shape)!;
  }

  isStoodInFor(id: number): boolean {
    return this.#shapes.has(id);
  }

  dispose(): void {
    for (const id of this.#byShape.values()) this.#binding.deleteTensor(id);
    this.#byShape.clear();
    this.#shapes.clear();
    this.#known.clear();
    this.#fixed.clear();
  }

  #standIn({ shape, dtype }: TensorMetadata): TensorMetadata {
    const id = this.#next--;
    this.#shapes.set(id, shape.join());
    return { id, shape: [...shape], dtype };
  }

  /** The same for operations that give the same shapes; null where that hangs on numbers that are not known. */
  #keyOf(op: string, attributes: readonly Attribute[], inputs: readonly KnownInput[]): string | null {
    const parts = inputs.map(({ type, shape, bytes }) => {
      if (bytes && bytes.length <= mostBytes)
        return `${type}[${shape.join()}]=${Buffer.from(bytes).toString('base64')}`;
      return type === tfTypes.float32 ? `[${shape.join()}]` : null;
    });
    return parts.includes(null) ? null : JSON.stringify([op, attributes, parts]);
  }
}
