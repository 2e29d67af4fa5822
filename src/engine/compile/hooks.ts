import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { Attribute } from '../ops/native.js';
import { tf } from '../tf.js';

/** A tensor as the addon gives it. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** What TensorFlow.js calls a tensor's numbers. */
export type DataId = TensorInfo['dataId'];
/** Numbers, or texts. */
export type Values = ArrayLike<unknown> & Partial<ArrayBufferView>;

/** The part of the addon that kernels use. */
export interface Binding {
  executeOp(op: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): TensorMetadata[];
  createTensor(shape: readonly number[], type: number, values: Values): number;
  tensorDataSync(id: number): unknown;
  deleteTensor(id: number): void;
}

/** The parts of tfjs-node's backend through which every kernel goes. */
export interface NodeBackend {
  binding: Binding;
  readonly tensorMap: {
    has(dataId: DataId): boolean;
    get(dataId: DataId): {
      id: number;
      readonly dtype: number;
      readonly shape: readonly number[];
      values: Values | null;
    };
  };
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tensor;
  move(dataId: DataId, ...rest: unknown[]): void;
  readSync(dataId: DataId): unknown;
  incRef(dataId: DataId): void;
}

/** What is told of a step while it runs; `executeOp` and `createTensor` stand in for the addon's own. */
export interface StepHooks extends Pick<Binding, 'executeOp' | 'createTensor'> {
  /** A tensor is about to be given to an operation. */
  onInput(tensor: TensorInfo): void;
  /** An operation gave this. */
  onOutput(dataId: DataId, id: number): void;
  /** A tensor was made of JavaScript's numbers. */
  onNumbers(dataId: DataId): void;
  /** Someone wants a tensor's numbers in JavaScript; may throw. */
  onRead(dataId: DataId): void;
  /** Receives the names of the kernels that are running, the innermost last. */
  readonly kernels: string[];
}

/** tfjs-node's backend, with the parts of it that its types do not show. */
export function nodeBackend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}

/** Puts hooks between TensorFlow.js and the addon while something runs. */
export function withHooks<T>(hooks: StepHooks, work: () => T): T {
  const backend = nodeBackend();
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  const raw = backend.binding;
  const inherited = Object.getPrototypeOf(backend) as NodeBackend;
  const own: Partial<NodeBackend> = {
    getInputTensorIds(tensors) {
      for (const tensor of tensors) hooks.onInput(tensor);
      return inherited.getInputTensorIds.call(backend, tensors);
    },
    createOutputTensor(metadata) {
      const tensor = inherited.createOutputTensor.call(backend, metadata);
      hooks.onOutput(tensor.dataId, metadata.id);
      return tensor;
    },
    move(dataId, ...rest) {
      hooks.onNumbers(dataId);
      inherited.move.call(backend, dataId, ...rest);
    },
    readSync(dataId) {
      hooks.onRead(dataId);
      return inherited.readSync.call(backend, dataId);
    },
  };
  const names = ['executeOp', 'createTensor'] as const;
  const stand = Object.fromEntries(names.map((name) => [name, { value: hooks[name] }]));
  backend.binding = Object.create(raw, stand) as Binding;
  Object.assign(backend, own);
  engine.runKernel = <K>(...[name, inputs, attributes]: Parameters<typeof runKernel>) => {
    hooks.kernels.push(name);
    try {
      return runKernel(name, inputs, attributes) as K;
    } finally {
      hooks.kernels.pop();
    }
  };
  try {
    return work();
  } finally {
    backend.binding = raw;
    for (const name of Object.keys(own)) Reflect.deleteProperty(backend, name);
    Reflect.deleteProperty(engine, 'runKernel');
  }
}
