// A program: loads the addon named by its argument, multiplies two matrices, checks the product and prints what it found.
import { createRequire } from 'node:module';

interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array): number;
  executeOp(name: string, attributes: readonly unknown[], inputs: readonly number[], outputs: number): { id: number }[];
  tensorDataSync(id: number): Float32Array;
  defineFunction?: unknown;
  listDevices(): readonly { readonly name: string; readonly type: string }[];
}

const size = 64;
const binding = createRequire(import.meta.url)(process.argv[2] as string) as Binding;
const a = Float32Array.from({ length: size * size }, (_, i) => (i % 7) - 3);
const b = Float32Array.from({ length: size * size }, (_, i) => (i % 5) - 2);
const attributes = [
  { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];
const inputs = [a, b].map((values) => binding.createTensor([size, size], binding.TF_FLOAT, values));
const [product] = binding.executeOp('MatMul', attributes, inputs, 1);
const values = binding.tensorDataSync(product!.id);
for (let i = 0; i < size; i++) {
  for (let j = 0; j < size; j++) {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += a[i * size + k]! * b[k * size + j]!;
    if (values[i * size + j] !== sum) throw new Error(`Product [${i}, ${j}] is ${values[i * size + j]}, not ${sum}.`);
  }
}
if (typeof binding.defineFunction !== 'function') throw new Error('defineFunction is not in the addon.');
process.stdout.write(JSON.stringify({ version: binding.TF_Version, devices: binding.listDevices() }));
