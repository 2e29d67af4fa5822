// Training steps against PyTorch: the same network, weights, batches and optimizer from one file, dropout off, in turn on the same cores.
// Prints losses side by side, milliseconds a step, GFLOP/s, the ratio to PyTorch in its faster layout, and peak memory.
//
//   node bench/train.bench.mjs TASK --python PATH [--preset paper] [--batch N] [--steps 10] [--rounds 2] [--cores 0,1] [--set key=value]
//        [--device cpu|cuda] [--engine tensorflow] [--compile auto|off|function|xla] [--jemalloc LIBRARY] [--torch-compile] [--ulp] [--float64] [--show-losses]
//
// PATH: a Python with bench/peers/requirements.txt installed. --steps 100 --ulp: the spread of PyTorch against itself, one ulp off in the input.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom, decodeSafetensors, encodeSafetensors } from '../dist/core/index.js';
import { selectBackend, tf } from '../dist/engine/index.js';
import { createUpdateStep, makeScalars } from '../dist/engine/update-step.js';
import { resolveTaskConfig, tasks } from '../dist/models/index.js';
import { planModel } from '../dist/models/svg-lp/plan.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: process.env.REELMINE_PEERS_PYTHON ?? 'python3' },
    preset: { type: 'string', default: 'paper' },
    batch: { type: 'string', default: '16' },
    steps: { type: 'string', default: '10' },
    warm: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '2' },
    cores: { type: 'string', default: '0,1' },
    set: { type: 'string', multiple: true, default: [] },
    engine: { type: 'string', default: 'tensorflow' },
    compile: { type: 'string', default: 'auto' },
    jemalloc: { type: 'string' },
    'torch-compile': { type: 'boolean', default: false },
    ulp: { type: 'boolean', default: false },
    float64: { type: 'boolean', default: false },
    'show-losses': { type: 'boolean', default: false },
    device: { type: 'string', default: 'cpu' },
    ours: { type: 'string' },
  },
});
const name = positionals[0];
const task = await tasks.load(name);
const [steps, warm, batchSize] = [options.steps, options.warm, options.batch].map(Number);

/** Settings under which both sides compute the same: nothing is drawn in a step. */
const fixed = {
  'ambient-sound': ['dropout=0', 'learningRate=0.00001'],
  deep3d: ['dropout=0', 'learningRate=0.00001'],
  'motion-segmentation': ['dropout=0', 'learningRate=0.0001'],
  prednet: ['objective=errors', 'extrapolateFrom=0'],
  'shuffle-and-learn': [
    'dropout=0',
    'learningRate=0.00001',
  ] /* at the paper's 0.001 the batch normalisation makes it chaotic: PyTorch differs from itself */,
  'svg-lp': ['learningRate=0.00001'], // Adam turns slopes near 0 into steps of full size
  'wang-gupta': ['randomPhase=0', 'hardShare=1', 'selection=paper'],
};
/** One batch as the task's loader would give it. */
const draw = {
  'ambient-sound': ({ imageSize, outputs, target }, random) => ({
    image: pictures([batchSize, imageSize, imageSize, 3], random),
    label: ints(
      Array.from({ length: batchSize }, (_, i) => i % outputs),
      [batchSize],
    ),
    weight: { data: new Float32Array(batchSize).fill(1), dtype: 'float32', shape: [batchSize] },
    ...(target === 'bits'
      ? {
          bits: {
            data: Float32Array.from({ length: batchSize * outputs }, () => random.int(2)),
            dtype: 'float32',
            shape: [batchSize, outputs],
          },
        }
      : {}),
  }),
  deep3d: ({ height, width }, random) => ({
    left: pictures([batchSize, height, width, 3], random),
    right: pictures([batchSize, height, width, 3], random),
    weight: {
      data: new Uint8Array(batchSize * height * width).fill(1),
      dtype: 'uint8',
      shape: [batchSize, height, width, 1],
    },
  }),
  'motion-segmentation': ({ imageSize, maskSize }, random) => ({
    image: pictures([batchSize, imageSize, imageSize, 3], random),
    target: bits([batchSize, maskSize, maskSize], random),
    weight: bits([batchSize, maskSize, maskSize], random),
  }),
  prednet: ({ frames, height, width, channels }, random) => ({
    frames: pictures([batchSize, frames, height, width, channels], random),
  }),
  'shuffle-and-learn': ({ imageSize }, random) => ({
    frames: pictures([batchSize, 1, 3, imageSize, imageSize, 3], random),
    label: ints(
      Array.from({ length: batchSize }, (_, i) => i % 2),
      [batchSize, 1],
    ),
  }),
  'svg-lp': (settings, random) => {
    const { observes, predicts, imageSize, channels, latentSize } = planModel(settings);
    const frames = observes + predicts;
    return {
      frames: pictures([batchSize, frames, imageSize, imageSize, channels], random),
      noise: normals([batchSize, frames - 1, latentSize], random),
    };
  },
  'wang-gupta': ({ imageSize }, random) => ({
    patches: pictures([batchSize, 2, imageSize, imageSize, 3], random),
    label: ints(
      Array.from({ length: batchSize }, (_, i) => i),
      [batchSize],
    ),
    groupLabel: ints(
      Array.from({ length: batchSize }, (_, i) => i),
      [batchSize],
    ),
  }),
};
const { config } = resolveTaskConfig(task, {
  set: [
    `preset=${options.preset}`,
    `batchSize=${batchSize}`,
    `compile=${options.compile}`,
    ...fixed[name],
    ...options.set,
  ],
});

if (options.ours) console.log(JSON.stringify(await runOurs(options.ours)));
else await compare();

/** Squares of random colours: neither flat nor noise. */
function pictures(shape, random) {
  const [height, width, channels] = shape.slice(-3);
  const data = new Uint8Array(shape.reduce((a, b) => a * b));
  const cell = 8;
  const across = Math.ceil(width / cell);
  for (let start = 0; start < data.length; start += height * width * channels) {
    const colours = Uint8Array.from({ length: across * Math.ceil(height / cell) * channels }, () => random.int(256));
    for (let i = 0; i < height * width * channels; i++) {
      const [y, x] = [Math.floor(i / (width * channels)), Math.floor(i / channels) % width];
      data[start + i] = colours[(Math.floor(y / cell) * across + Math.floor(x / cell)) * channels + (i % channels)];
    }
  }
  return { dtype: 'uint8', shape, data };
}

function normals(shape, random) {
  return {
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  };
}

function bits(shape, random) {
  return {
    dtype: 'uint8',
    shape,
    data: Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.int(2)),
  };
}

function ints(list, shape) {
  return { dtype: 'int32', shape, data: Int32Array.from(list) };
}

async function writeFile(file) {
  await selectBackend(options.engine);
  const random = createRandom(1);
  const trainer = task.createTrainer(config, random.fork('init'));
  const arrays = {};
  for (const [key, variable] of trainer.variables) {
    arrays[`weight/${key}`] = { dtype: 'float32', shape: variable.shape, data: variable.dataSync() };
  }
  for (let i = 0; i < 4; i++) {
    for (const [key, value] of Object.entries(draw[name](config, random.fork('batch', i))))
      arrays[`batch/${i}/${key}`] = value;
  }
  const flops = (trainer.network ?? []).reduce((sum, layer) => sum + layer.flops, 0);
  writeFileSync(file, encodeSafetensors(arrays, { config: JSON.stringify(config) }));
  trainer.dispose();
  return flops;
}

async function runOurs(file) {
  await selectBackend(options.engine);
  const { tensors: arrays } = decodeSafetensors(readFileSync(file));
  const trainer = task.createTrainer(config, createRandom(1).fork('init'));
  const batches = [];
  for (const [key, { data, shape, dtype }] of Object.entries(arrays)) {
    if (!key.startsWith('batch/')) continue;
    const [, index, field] = key.split('/');
    batches[index] ??= { keys: [], tensors: {} };
    batches[index].tensors[field] =
      dtype === 'float32'
        ? tf.tensor(data, shape)
        : tf.tensor(dtype === 'uint8' ? Int32Array.from(data) : data, shape, 'int32');
  }
  const scalars = (step) =>
    makeScalars(step, {
      learningRate: config.learningRate,
      seed: [1, step],
      emaDecay: 0,
      more: trainer.scalars?.(step) ?? {},
    });
  const update = createUpdateStep(
    trainer,
    { batch: batches[0], scalars: scalars(0) },
    { settings: { ...config, accumulateSteps: 1 }, average: null, mode: null }, // one batch an update, as the peer
  );
  const [losses, ms] = [[], []];
  for (let step = 0; step < warm + steps; step++) {
    const start = performance.now();
    const result = update.add({ batch: batches[step % batches.length], scalars: scalars(step) }, true);
    losses.push((await result.loss.data())[0]);
    tf.dispose(result);
    if (step >= warm) ms.push(performance.now() - start);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { losses, ms, peakBytes, version: update.mode + (update.reason ? ` (${update.reason})` : '') };
}

function runChild(command, args, env = {}) {
  const child = spawnSync('taskset', ['-c', options.cores, command, ...args], {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: String(options.cores.split(',').length), ...env },
    maxBuffer: 1e9,
  });
  if (child.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${child.stderr?.slice(-2000)}`);
  return JSON.parse(child.stdout.trim().split('\n').at(-1));
}

async function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'reelmine-bench-'));
  const file = join(folder, 'task.safetensors');
  const flops = 3 * batchSize * (await writeFile(file));
  const self = fileURLToPath(import.meta.url);
  const peer = fileURLToPath(new URL('peers/train.py', import.meta.url));
  const common = ['--steps', options.steps, '--warm', options.warm];
  const torch = (...more) => [
    options.python,
    [peer, name, file, ...common, '--threads', String(options.cores.split(',').length), ...more],
  ];
  const ours = [process.execPath, [self, ...process.argv.slice(2), '--ours', file]];
  const onGpu = (...more) => torch('--device', 'cuda', '--channels-last', ...more);
  const gpuSides = { 'torch fp32': onGpu(), 'torch tf32': onGpu('--tf32') };
  const cpuSides = { torch: torch(), 'torch channels-last': torch('--channels-last') };
  const sides = {
    reelmine: ours,
    ...(options.device === 'cuda' ? gpuSides : cpuSides),
    ...(options.jemalloc
      ? { 'torch jemalloc': torch('--channels-last'), 'torch jemalloc, first layout': torch() }
      : {}),
    ...(options['torch-compile']
      ? { 'torch.compile': options.device === 'cuda' ? onGpu('--compile') : torch('--channels-last', '--compile') }
      : {}),
    ...(options.float64 ? { 'torch float64': torch('--float64') } : {}),
    ...(options.ulp
      ? { 'torch one ulp off': torch('--ulp'), 'torch channels-last, off': torch('--channels-last', '--ulp') }
      : {}),
  };
  const runs = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [side, [command, args]] of Object.entries(sides)) {
      runs[side].push(runChild(command, args, side.includes('jemalloc') ? { LD_PRELOAD: options.jemalloc } : {}));
    }
  }
  rmSync(folder, { recursive: true });
  const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  const speed = (side) => median(runs[side].flatMap((run) => run.ms));
  console.log(
    `${name} ${options.preset}, batch ${batchSize}, ${steps} steps, ${options.rounds} rounds, cores ${options.cores}`,
  );
  for (const [side, list] of Object.entries(runs)) {
    const ms = speed(side);
    const rounds = list.map((run) => median(run.ms).toFixed(1)).join(', ');
    const gflops = flops > 0 ? `, ${(flops / ms / 1e6).toFixed(0)} GFLOP/s` : '';
    const memory = (Math.max(...list.map((run) => run.peakBytes)) / 2 ** 20).toFixed(0);
    console.log(
      `  ${side.padEnd(30)} ${ms.toFixed(1)} ms a step (rounds ${rounds})${gflops}, peak ${memory} MiB, ${list[0].version}`,
    );
  }
  const [first, second] = Object.keys(options.device === 'cuda' ? gpuSides : cpuSides);
  const ratio = (side) => `${(speed(side) / speed('reelmine')).toFixed(2)}x`;
  if (options.device === 'cuda') console.log(`  ratio to PyTorch fp32: ${ratio(first)}, to tf32: ${ratio(second)}`);
  else {
    const faster = speed(first) < speed(second) ? first : second;
    console.log(`  ratio to PyTorch eager in its faster layout: ${ratio(faster)}`);
  }
  if (options.jemalloc) {
    const fast = Math.min(speed('torch jemalloc'), speed('torch jemalloc, first layout'));
    console.log(`  ratio to PyTorch under jemalloc: ${(fast / speed('reelmine')).toFixed(2)}x`);
  }
  const worst = (a, b, count) =>
    Math.max(...a.slice(0, count).map((loss, i) => (loss === b[i] ? 0 : Math.abs(loss - b[i]) / Math.abs(b[i]))));
  const [mine, theirs] = [runs.reelmine[0].losses, runs[first][0].losses];
  if (options['show-losses'])
    for (const [side, list] of Object.entries(runs)) console.log(`  ${side.padEnd(30)} ${list[0].losses.join(' ')}`);
  console.log(
    `  losses: first ${mine[0]} and ${theirs[0]}; largest relative difference over 10 steps ${worst(mine, theirs, 10).toExponential(1)}, over all ${worst(mine, theirs).toExponential(1)}`,
  );
  if (options.float64) {
    const exact = runs['torch float64'][0].losses;
    console.log(
      `  against PyTorch in float64, over 10 steps: ours ${worst(mine, exact, 10).toExponential(1)}, PyTorch in float32 ${worst(theirs, exact, 10).toExponential(1)}`,
    );
  }
  if (options.ulp) {
    const other = runs[second][0].losses;
    const spreads = [
      [runs['torch one ulp off'][0].losses, theirs],
      [runs['torch channels-last, off'][0].losses, other],
      [other, theirs],
    ].map(([a, b]) => worst(a, b).toExponential(1));
    console.log(
      `  PyTorch against itself, over all: one ulp off ${spreads[0]} and, channels last, ${spreads[1]}; between layouts ${spreads[2]}`,
    );
  }
}
