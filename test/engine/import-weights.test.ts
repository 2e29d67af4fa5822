import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRandom,
  decodeSafetensors,
  encodeSafetensors,
  packageRoot,
  runProcess,
  type SafeTensor,
} from '../../src/core/index.js';
import { loadPublishedWeights, selectBackend, startFromWeights, tf, type Trainer } from '../../src/engine/index.js';
import { resolveTaskConfig } from '../../src/models/index.js';
import type { WangGuptaConfig } from '../../src/models/wang-gupta/config.js';
import task from '../../src/models/wang-gupta/index.js';
import shuffleAndLearn from '../../src/models/shuffle-and-learn/index.js';
import type { ShuffleAndLearnConfig } from '../../src/models/shuffle-and-learn/config.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-weights-'));
const configOf = (...set: string[]) =>
  resolveTaskConfig(task, { set: ['preset=tiny', 'imageSize=33', 'conv1Kernel=5', 'conv1Stride=2', ...set] })
    .config as WangGuptaConfig;
const size = 33;

beforeAll(() => selectBackend('auto'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A small reference net with Caffe's names, axes and flattening. */
function makeCaffeArrays(): Record<string, SafeTensor> {
  const random = createRandom('caffe');
  const shapes: Record<string, number[]> = {
    'conv1.weight': [8, 3, 5, 5],
    'conv2.weight': [8, 4, 5, 5],
    'conv3.weight': [8, 8, 3, 3],
    'conv4.weight': [8, 4, 3, 3],
    'conv5.weight': [8, 4, 3, 3],
    'fc6.weight': [32, 8], // pool5 is 1 × 1 × 8 here; flattening is tested by its own case
    'fc7.weight': [16, 32],
  };
  const arrays: Record<string, SafeTensor> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const inputs = shape.slice(1).reduce((a, b) => a * b, 1);
    const draw = (length: number, spread: number) => Float32Array.from({ length }, () => spread * random.normal());
    arrays[name] = { dtype: 'float32', shape, data: draw(shape[0]! * inputs, Math.sqrt(2 / inputs)) };
    arrays[name.replace('weight', 'bias')] = { dtype: 'float32', shape: [shape[0]!], data: draw(shape[0]!, 0.1) };
  }
  return arrays;
}

/** conv1 before its relu at one place, by Caffe's conventions: BGR planes, mean taken away, divided by its scale. */
function caffeConv1(
  rgb: (x: number, y: number, channel: number) => number,
  arrays: Readonly<Record<string, SafeTensor>>,
  { mean, scale, colour }: { mean: readonly number[]; scale: readonly number[]; colour: 'bgr' | 'rgb' },
  [x, y, output]: readonly [number, number, number],
): number {
  const weight = arrays['conv1.weight']!.data;
  let sum = Number(arrays['conv1.bias']!.data[output]);
  for (let c = 0; c < 3; c++)
    for (let v = 0; v < 5; v++)
      for (let u = 0; u < 5; u++) {
        const pixel = rgb(x * 2 + u, y * 2 + v, colour === 'bgr' ? 2 - c : c);
        sum += (Number(weight[((output * 3 + c) * 5 + v) * 5 + u]) * (pixel - mean[c]!)) / scale[c]!;
      }
  return sum;
}

function save(name: string, arrays: Record<string, SafeTensor>, metadata: Record<string, string>): string {
  const path = join(dir, `${name}.safetensors`);
  writeFileSync(path, encodeSafetensors(arrays, metadata));
  return path;
}

/** What our first layer gives for our own input recipe, in double precision from the loaded weights. */
function ourConv1(
  trainer: Pick<Trainer, 'variables'>,
  rgb: (x: number, y: number, channel: number) => number,
  { colour, scale }: { colour: string; scale: number },
  meanAt: (x: number, y: number, channel: number) => number,
  [x, y, output]: readonly [number, number, number],
): number {
  const weight = trainer.variables.get('conv1.weight')!;
  const [, width, , outputs] = weight.shape as [number, number, number, number];
  const values = weight.dataSync();
  let sum = trainer.variables.get('conv1.bias')!.dataSync()[output]!;
  for (let v = 0; v < 5; v++)
    for (let u = 0; u < 5; u++)
      for (let c = 0; c < 3; c++) {
        const value = values[((v * width + u) * 3 + c) * outputs + output]!;
        const [px, py] = [x * 2 + u, y * 2 + v];
        sum += (value * (rgb(px, py, colour === 'bgr' ? 2 - c : c) - meanAt(px, py, c))) / scale;
      }
  return sum;
}

const pixels = createRandom('pixels');
const picture = Float64Array.from({ length: size * size * 3 }, () => pixels.int(256));
const rgb = (x: number, y: number, channel: number) => picture[(y * size + x) * 3 + channel]!;

describe('published weights', () => {
  it.each([
    ['bgr', 'bgr', '1', 1],
    ['bgr', 'rgb', '1', 64],
    ['rgb', 'bgr', '58.4,57.1,57.4', 1],
    ['rgb', 'rgb', '0.5', 2],
  ] as const)(
    'see the same in our pictures: from %s to %s, divided by %s and by %s',
    (theirs, ours, scale, ourScale) => {
      const arrays = makeCaffeArrays();
      const mean = [101.5, 117.25, 122.75];
      const file = save(
        `first-${theirs}-${ours}`,
        { ...arrays, mean: { dtype: 'float32', shape: [3], data: Float32Array.from(mean) } },
        { format: 'caffe', colour: theirs, scale },
      );
      const config = configOf(`colour=${ours}`, `scale=${ourScale}`);
      const trainer = task.createTrainer(config, createRandom(1));
      const loaded = loadPublishedWeights(trainer, file, task.publishedWeights!(config));
      expect(loaded.kept).toEqual([]);
      expect(loaded.unused).toEqual([]);
      const parts = scale.split(',').map(Number);
      const scales = parts.length === 3 ? parts : [parts[0]!, parts[0]!, parts[0]!];
      const kept = trainer.variables.get('data.mean')!.dataSync();
      for (const place of [
        [0, 0, 0],
        [7, 3, 5],
        [14, 14, 7],
      ] as const) {
        const expected = caffeConv1(rgb, arrays, { mean, scale: scales, colour: theirs }, place);
        const got = ourConv1(trainer, rgb, config, (x, y, c) => kept[(y * size + x) * 3 + c]!, place);
        expect(Math.abs(got - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
      }
      trainer.dispose();
    },
  );

  it('fold the other mean into the bias where a network keeps no mean picture', () => {
    const arrays = makeCaffeArrays();
    const mean = [90, 100, 110];
    const set = ['preset=tiny', 'imageSize=33', 'conv1Stride=2', 'colour=rgb', 'scale=4'];
    const config = resolveTaskConfig(shuffleAndLearn, { set }).config as ShuffleAndLearnConfig;
    const trainer = shuffleAndLearn.createTrainer(config, createRandom(1));
    const convolutions = Object.fromEntries(Object.entries(arrays).filter(([name]) => name.startsWith('conv')));
    const file = save(
      'folded',
      { ...convolutions, mean: { dtype: 'float32', shape: [3], data: Float32Array.from(mean) } },
      { format: 'caffe' },
    );
    const loaded = loadPublishedWeights(trainer, file, shuffleAndLearn.publishedWeights!(config));
    expect(loaded.taken).toContain('conv5.bias');
    expect(loaded.kept).toEqual(expect.arrayContaining(['fc6.weight', 'conv3_bn.mean']));
    const place = [5, 9, 3] as const;
    const expected = caffeConv1(rgb, arrays, { mean, scale: [1, 1, 1], colour: 'bgr' }, place);
    const got = ourConv1(trainer, rgb, config, (_x, _y, c) => config.mean[c]!, place);
    expect(Math.abs(got - expected)).toBeLessThan(1e-3 * Math.max(1, Math.abs(expected)));
    trainer.dispose();
  });

  it('cut the middle out of a mean picture, planes first or last', () => {
    const side = size + 3;
    const value = (c: number, y: number, x: number) => 1000 * c + 20 * y + x;
    const planes = Float32Array.from({ length: 3 * side * side }, (_, i) =>
      value(Math.floor(i / side / side), Math.floor(i / side) % side, i % side),
    );
    const file = save(
      'mean-picture',
      { ...makeCaffeArrays(), mean: { dtype: 'float32', shape: [3, side, side], data: planes } },
      { format: 'caffe', colour: 'bgr' },
    );
    const config = configOf('colour=rgb');
    const trainer = task.createTrainer(config, createRandom(1));
    loadPublishedWeights(trainer, file, task.publishedWeights!(config));
    const kept = trainer.variables.get('data.mean')!.dataSync();
    for (const [y, x, c] of [
      [0, 0, 0],
      [4, 9, 1],
      [32, 32, 2],
    ] as const)
      expect(kept[(y * size + x) * 3 + c]).toBe(value(2 - c, y + 1, x + 1));
    trainer.dispose();
  });

  it('turn every layer, and read flattened features in their order: the same output as Caffe would give', () => {
    const [channels, side, outputs] = [3, 2, 4];
    const random = createRandom('flat');
    const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
    const weight = draw(outputs * channels * side * side);
    const features = draw(channels * side * side); // as planes
    const expected = Array.from({ length: outputs }, (_, o) =>
      features.reduce((sum, value, i) => sum + value * weight[o * features.length + i]!, 0),
    );
    const file = save(
      'flattened',
      { 'fc6.weight': { dtype: 'float32', shape: [1, 1, outputs, features.length], data: weight } },
      { format: 'caffe' },
    );
    const variable = tf.variable(tf.zeros([features.length, outputs]));
    loadPublishedWeights({ variables: new Map([['fc6.weight', variable]]) }, file, {
      weights: { 'fc6.weight': { from: ['fc6.weight'], layout: 'flattened', channels } },
      input: { colour: 'bgr', mean: [0, 0, 0], scale: 1 },
      firstLayer: 'conv1',
    });
    const rowsFirst = Float32Array.from({ length: features.length }, (_, i) => {
      const [place, c] = [Math.floor(i / channels), i % channels];
      return features[c * side * side + place]!;
    });
    const got = tf.tidy(() => tf.matMul(tf.tensor2d(rowsFirst, [1, features.length]), variable as never).dataSync());
    expected.forEach((value, o) => expect(got[o]).toBeCloseTo(value, 4));
    variable.dispose();
  });

  it('of Keras lie as ours do', () => {
    const kernel = Float32Array.from({ length: 5 * 5 * 3 * 8 }, (_, i) => i % 7);
    const file = save(
      'keras',
      { 'conv1/kernel:0': { dtype: 'float32', shape: [5, 5, 3, 8], data: kernel } },
      { format: 'keras' },
    );
    const config = configOf('colour=rgb', 'scale=1');
    const trainer = task.createTrainer(config, createRandom(1));
    expect(startFromWeights(trainer, file, task.publishedWeights!(config)).taken).toEqual(['conv1.weight']);
    expect([...trainer.variables.get('conv1.weight')!.dataSync()]).toEqual([...kernel]);
    trainer.dispose();
  });

  it('of another shape are refused by name, and a file of other names altogether', () => {
    const config = configOf();
    const trainer = task.createTrainer(config, createRandom(1));
    const mapping = task.publishedWeights!(config);
    const wide = save(
      'wide',
      { 'conv1.weight': { dtype: 'float32', shape: [9, 3, 5, 5], data: new Float32Array(675) } },
      {},
    );
    expect(() => loadPublishedWeights(trainer, wide, mapping)).toThrow(/conv1\.weight becomes \[5, 5, 3, 9\]/);
    const other = save('other', { stem: { dtype: 'float32', shape: [1], data: new Float32Array(1) } }, {});
    expect(() => loadPublishedWeights(trainer, other, mapping)).toThrow(/none of the names/);
    expect(() => loadPublishedWeights(trainer, join(dir, 'none.safetensors'), mapping)).toThrow(/does not exist/);
    trainer.dispose();
  });

  it('are told from our own files, which are taken as they are', () => {
    const trainer = task.createTrainer(configOf(), createRandom(1));
    const ours = Float32Array.from({ length: 5 * 5 * 3 * 8 }, (_, i) => i);
    const file = save('ours', { 'conv1.weight': { dtype: 'float32', shape: [5, 5, 3, 8], data: ours } }, {});
    expect(startFromWeights(trainer, file, task.publishedWeights!(configOf())).taken).toEqual(['conv1.weight']);
    expect([...trainer.variables.get('conv1.weight')!.dataSync()]).toEqual([...ours]);
    trainer.dispose();
  });
});

describe('python/caffe_to_safetensors.py', () => {
  it('reads blobs of the current and of the V1 messages, batch normalisation and a mean picture', async (context) => {
    const floats = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
    const blob = (shape: readonly number[], values: readonly number[]) => {
      const packed = new BinaryWriter();
      for (const size of shape) packed.int64(size);
      const shapeMessage = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(packed.finish()).finish();
      return new BinaryWriter()
        .tag(7, WireType.LengthDelimited)
        .bytes(shapeMessage)
        .tag(5, WireType.LengthDelimited)
        .bytes(floats(values))
        .finish();
    };
    const oldBlob = (shape: readonly number[], values: readonly number[]) => {
      const writer = new BinaryWriter();
      shape.forEach((size, i) => writer.tag(i + 1, WireType.Varint).int32(size));
      for (const value of values) writer.tag(5, WireType.Bit32).float(value); // not packed
      return writer.finish();
    };
    const layer = (name: string, type: string, blobs: readonly Uint8Array[]) => {
      const writer = new BinaryWriter()
        .tag(1, WireType.LengthDelimited)
        .string(name)
        .tag(2, WireType.LengthDelimited)
        .string(type);
      for (const each of blobs) writer.tag(7, WireType.LengthDelimited).bytes(each);
      return writer.finish();
    };
    const old = new BinaryWriter().tag(4, WireType.LengthDelimited).string('fc7').tag(5, WireType.Varint).int32(14);
    for (const each of [oldBlob([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), oldBlob([1, 1, 1, 2], [7, 8])])
      old.tag(6, WireType.LengthDelimited).bytes(each);
    const kernel = Array.from({ length: 2 * 3 * 1 * 2 }, (_, i) => i / 4);
    const model = new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string('a net')
      .tag(100, WireType.LengthDelimited)
      .bytes(layer('conv1', 'Convolution', [blob([2, 3, 1, 2], kernel), blob([2], [-1, 300])]))
      .tag(100, WireType.LengthDelimited)
      .bytes(layer('conv3_bn', 'BatchNorm', [blob([2], [1, 2]), blob([2], [3, 4]), blob([1], [999])]))
      .tag(2, WireType.LengthDelimited)
      .bytes(old.finish())
      .finish();
    const [modelFile, meanFile, out] = ['net.caffemodel', 'mean.binaryproto', 'net.safetensors'].map((name) =>
      join(dir, name),
    );
    writeFileSync(modelFile!, model);
    writeFileSync(meanFile!, oldBlob([1, 3, 1, 2], [1, 2, 3, 4, 5, 6]));
    const script = join(packageRoot(), 'python', 'caffe_to_safetensors.py');
    const ran = await runProcess('python3', [script, modelFile!, out!, '--mean', meanFile!]).catch(() => null);
    if (!ran) return context.skip('there is no python3');
    expect(ran.stderr).toBe('');
    const { tensors, metadata } = decodeSafetensors(readFileSync(out!));
    expect(metadata).toEqual({ format: 'caffe', colour: 'bgr', scale: '1' });
    const plain = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [name, [shape, [...(data as Float32Array)]]]),
    );
    expect(plain).toEqual({
      'conv1.weight': [[2, 3, 1, 2], kernel],
      'conv1.bias': [[2], [-1, 300]],
      'conv3_bn.mean': [[2], [1, 2]],
      'conv3_bn.variance': [[2], [3, 4]],
      'conv3_bn.weight': [[1], [999]],
      'fc7.weight': [
        [1, 1, 2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
      'fc7.bias': [[2], [7, 8]],
      mean: [
        [3, 1, 2],
        [1, 2, 3, 4, 5, 6],
      ],
    });
  });
});
