// GFLOP/s of convolutions on the wasm engine, one core: forward, filter gradient, input gradient, for every shape of the encoders' small
// presets and a 3x3 of 32 channels. Run after npm run build: taskset -c 0 node bench/wasm.bench.mjs
import { selectBackend, tf } from '../dist/engine/index.js';

await selectBackend('wasm');
const shapes = {
  '3x3 32-32, 64x64, batch 8': { x: [8, 64, 64, 32], filter: [3, 3, 32, 32], stride: 1, pad: 'same' },
  'conv1 11x11/4 3-48, 80x80, batch 24': { x: [24, 80, 80, 3], filter: [11, 11, 3, 48], stride: 4, pad: 'valid' },
  'conv2 5x5 24-64, 9x9 (a group)': { x: [24, 9, 9, 24], filter: [5, 5, 24, 64], stride: 1, pad: 'same' },
  'conv3 3x3 128-192, 4x4': { x: [24, 4, 4, 128], filter: [3, 3, 128, 192], stride: 1, pad: 'same' },
  'conv4 3x3 96-96, 4x4 (a group)': { x: [24, 4, 4, 96], filter: [3, 3, 96, 96], stride: 1, pad: 'same' },
  'conv5 3x3 96-64, 4x4 (a group)': { x: [24, 4, 4, 96], filter: [3, 3, 96, 64], stride: 1, pad: 'same' },
  '4x4/2 32-64, 32x32': { x: [8, 32, 32, 32], filter: [4, 4, 32, 64], stride: 2, pad: 'same' },
};
const milliseconds = (run) => {
  run();
  const times = [];
  const start = performance.now();
  while (times.length < 5 || performance.now() - start < 500) {
    const from = performance.now();
    run();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
};
for (const [name, { x: size, filter: filterShape, stride, pad }] of Object.entries(shapes)) {
  const x = tf.randomNormal(size);
  const filter = tf.randomNormal(filterShape);
  const y = tf.conv2d(x, filter, stride, pad);
  const attrs = { strides: stride, pad, dataFormat: 'NHWC', filterShape, inputShape: size };
  const gradient = (kernel, inputs) => tf.engine().runKernel(kernel, inputs, attrs);
  const flops = (2 * y.size * filterShape.reduce((a, b) => a * b)) / filterShape[3];
  const runs = {
    forward: () => tf.conv2d(x, filter, stride, pad),
    filter: () => gradient('Conv2DBackpropFilter', { x, dy: y }),
    input: () => gradient('Conv2DBackpropInput', { dy: y, filter }),
  };
  const rates = Object.entries(runs).map(([what, run]) => {
    const ms = milliseconds(() => tf.dispose(run()));
    return `${what} ${(flops / ms / 1e6).toFixed(1)} GFLOP/s (${ms.toFixed(1)} ms)`;
  });
  console.log(`${name}: ${rates.join(', ')}`);
}
