import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { tf } from '../tf.js';

/** One attribute of a TensorFlow operation, as the addon takes it. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

interface NodeBackend {
  readonly binding: Readonly<
    Record<
      'TF_ATTR_STRING' | 'TF_ATTR_INT' | 'TF_ATTR_FLOAT' | 'TF_ATTR_BOOL' | 'TF_ATTR_TYPE' | 'TF_ATTR_SHAPE',
      number
    >
  >;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[];
}

/** TensorFlow's numbers of element types. */
export const tfTypes = { float32: 1, int32: 3, bool: 10 } as const;

/** What the engine's own kernels are: oneDNN's operations exist on the CPU only. */
let kind: 'plain' | 'tensorflow' | 'onednn' = 'plain';
let grouped = false;

/** True where any TensorFlow operation can be run by name. */
export function isNative(): boolean {
  return kind !== 'plain';
}

/** True where oneDNN's operations can be run by name. */
export function hasOnednn(): boolean {
  return kind === 'onednn';
}

/** True where one convolution takes several groups, with its gradients. */
export function hasGroupedConvolution(): boolean {
  return grouped;
}

/** Runs a TensorFlow operation by name. */
export function runOp(
  name: string,
  attributes: readonly Attribute[],
  inputs: readonly TensorInfo[],
  outputs = 1,
): Tensor[] {
  return (tf.backend() as unknown as NodeBackend).executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** Makers of attributes. */
export const attribute = {
  type: (name: string, value: keyof typeof tfTypes = 'float32') => make('TF_ATTR_TYPE', name, tfTypes[value]),
  text: (name: string, value: string) => make('TF_ATTR_STRING', name, value),
  int: (name: string, value: number | readonly number[]) => make('TF_ATTR_INT', name, value),
  float: (name: string, value: number) => make('TF_ATTR_FLOAT', name, value),
  bool: (name: string, value: boolean) => make('TF_ATTR_BOOL', name, value),
};

/** The addon's numbers of attribute kinds. */
export function attributeKinds(): Readonly<Record<keyof typeof attribute | 'shape', number>> {
  const { binding } = tf.backend() as unknown as NodeBackend;
  return {
    type: binding.TF_ATTR_TYPE,
    text: binding.TF_ATTR_STRING,
    int: binding.TF_ATTR_INT,
    float: binding.TF_ATTR_FLOAT,
    bool: binding.TF_ATTR_BOOL,
    shape: binding.TF_ATTR_SHAPE,
  };
}

/**
 * Runs something with fewer kernels of our own than the engine could have: `tensorflow` leaves out oneDNN's operations, which
 * a graph's optimizer puts in by itself and XLA does not know; `plain` leaves out all but TensorFlow.js's.
 */
export function withKernels<T>(wanted: 'plain' | 'tensorflow', work: () => T): T {
  const before = { kind, grouped };
  if (kind !== 'plain') kind = wanted;
  grouped &&= wanted !== 'plain';
  try {
    return work();
  } finally {
    ({ kind, grouped } = before);
  }
}

/** The mark by which oneDNN's operations are found. */
export function onednnMark(): Attribute {
  return attribute.text('_kernel', 'MklNameChangeOp');
}

/** Finds out, by trying, what TensorFlow's build and device can do; called once the backend runs. */
export function probeNative(): void {
  kind = 'tensorflow';
  const works = (attempt: () => void) => {
    try {
      tf.tidy(attempt);
      return true;
    } catch {
      return false;
    }
  };
  const plain = [
    attribute.type('T'),
    attribute.int('strides', [1, 1, 1, 1]),
    attribute.text('padding', 'SAME'),
    attribute.text('data_format', 'NHWC'),
    attribute.int('dilations', [1, 1, 1, 1]),
  ];
  const onCpu = !(tf.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice;
  const onednn =
    onCpu &&
    works(
      () =>
        void runOp(
          '_MklNativeConv2DWithBias',
          [...plain, onednnMark()],
          [tf.ones([1, 2, 2, 2]), tf.ones([1, 1, 2, 2]), tf.ones([2])],
        ),
    );
  if (onednn) kind = 'onednn';
  const gpu = [...plain, attribute.bool('use_cudnn_on_gpu', true)];
  grouped = works(() => {
    const [x, filter] = [tf.ones([1, 2, 2, 4]), tf.ones([1, 1, 2, 4])];
    const [y] = runOp('Conv2D', gpu, [x, filter]) as [Tensor];
    runOp('Conv2DBackpropFilter', gpu, [x, tf.tensor1d([1, 1, 2, 4], 'int32'), y]);
    runOp('Conv2DBackpropInput', gpu, [tf.tensor1d([1, 2, 2, 4], 'int32'), filter, y]);
  });
}

/** Another engine has taken over. */
export function forgetNative(): void {
  kind = 'plain';
  grouped = false;
}

function make(type: keyof NodeBackend['binding'], name: string, value: unknown): Attribute {
  return { name, type: (tf.backend() as unknown as NodeBackend).binding[type], value };
}
