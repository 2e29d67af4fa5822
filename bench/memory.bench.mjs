// Memory of a long training, process and engine: `npm run build && node bench/memory.bench.mjs [steps of tiny] [steps of paper] [engine]`.
// Batches are random numbers made once, so that only training itself can grow. Prints resident and engine megabytes along the way, and
// fails where the second half of the run grew by more than 5 %, or the engine holds one tensor more than before.
// Last figures (2 cores, TensorFlow 2.21.0, function mode, busy machine): tiny 10,000 steps: see the line that it prints.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, runJob } from '../dist/core/index.js';
import { scheduleOf, selectBackend, tf, train } from '../dist/engine/index.js';
import { resolveTaskConfig, tasks } from '../dist/models/index.js';

const [tinySteps = 10_000, paperSteps = 200] = process.argv.slice(2, 4).map(Number);
const engine = process.argv[4] ?? 'auto';

/** Batches of random pictures: four, in turn, without end. */
function createSource({ batchSize, imageSize }) {
  const random = createRandom(1);
  const shape = [batchSize, 1, 3, imageSize, imageSize, 3];
  const made = [0, 1, 2, 3].map(() => ({
    frames: {
      dtype: 'uint8',
      shape,
      data: Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.int(256)),
    },
    label: { dtype: 'int32', shape: [batchSize, 1], data: Int32Array.from({ length: batchSize }, () => random.int(2)) },
  }));
  const keys = Array.from({ length: batchSize }, (_, i) => `made/${i}/0`);
  return {
    samples: 4 * batchSize,
    digest: 'random',
    async *batches({ batch }) {
      for (let at = batch; ; at++)
        yield {
          keys,
          ordinals: keys.map((_, i) => i),
          arrays: made[at % 4],
          cursor: { epoch: 0, batch: at + 1 },
          release() {},
        };
    },
  };
}

let failed = false;
for (const [preset, steps] of [
  ['tiny', tinySteps],
  ['paper', paperSteps],
]) {
  if (!(steps > 0)) continue;
  const task = await tasks.load('shuffle-and-learn');
  const every = Math.max(1, Math.floor(steps / 20));
  const set = [
    `preset=${preset}`,
    `steps=${steps}`,
    `logEverySteps=${every}`,
    `checkpointEverySteps=${steps}`,
    'learningRate=0.0001',
    ...(preset === 'paper' ? ['batchSize=4'] : []), // of 32; growth is what is asked about, and 200 updates are 800 batches
  ];
  const { config } = resolveTaskConfig(task, { set });
  const backend = await selectBackend(engine);
  const trainer = task.createTrainer(config, createRandom(1));
  const tensorsBefore = tf.memory().numTensors;
  const out = mkdtempSync(join(tmpdir(), 'reelmine-memory-'));
  const options = {
    task: task.name,
    trainer,
    config,
    out,
    resume: false,
    seed: 1,
    engine: backend.name,
    extra: {},
    now: () => new Date(),
  };
  const learningRate = scheduleOf(config, (step) => task.learningRate(config, step));
  const result = await runJob(train({ ...options, learningRate, source: createSource(config) }));
  const rows = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  rmSync(out, { recursive: true });
  for (const { step, residentMegabytes, engineMegabytes } of rows)
    console.log(
      `${preset} step ${step}: resident ${residentMegabytes.toFixed(0)} MB, engine ${engineMegabytes.toFixed(1)} MB`,
    );
  const half = rows[Math.floor(rows.length / 2)];
  const growth = rows.at(-1).residentMegabytes / half.residentMegabytes - 1;
  const left = tf.memory().numTensors - tensorsBefore;
  const rate = (steps * config.accumulateSteps * config.batchSize) / result.trainingSeconds;
  console.log(
    `${preset}: ${steps} steps as ${result.mode}, ${rate.toFixed(1)} samples/s; second half ${(growth * 100).toFixed(1)} %, ${left} tensors left`,
  );
  if (growth > 0.05 || left !== 0) failed = true;
  trainer.dispose();
}
process.exit(failed ? 1 : 0);
