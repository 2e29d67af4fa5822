// A training step of Shuffle and Learn (batch 16 for paper, dropout on): eager, as one TensorFlow function, and compiled by XLA, in turn.
//   taskset -c 0,1 node bench/compile.bench.mjs [--presets small,paper] [--modes eager,function,xla] [--rounds 9]
// Prints milliseconds (median and least), processor milliseconds, the time of the first step (recording and compiling included),
// and how far the losses are from the eager ones.
// Last figures (TensorFlow 2.21, two shared cores of a busy machine, for orientation): paper eager 1127 ms, function 1016, in turn,
// 6 rounds; small one after the other, eager 163, function 118; XLA on small 3.6 times the function's time. Losses equal to the bit.
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/core/index.js';
import { compile, selectBackend, tf } from '../dist/engine/index.js';
import { resolveTaskConfig, tasks } from '../dist/models/index.js';

const { values } = parseArgs({
  options: {
    presets: { type: 'string', default: 'small,paper' },
    modes: { type: 'string', default: 'eager,function,xla' },
    rounds: { type: 'string', default: '9' },
  },
});
const engine = await selectBackend('tensorflow');
console.log(`TensorFlow ${engine.version} on ${engine.device}, Node ${process.version}`);
const task = await tasks.load('shuffle-and-learn');
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

for (const preset of values.presets.split(',')) {
  const { config } = resolveTaskConfig(task, {
    set: [`preset=${preset}`, ...(preset === 'paper' ? ['batchSize=16'] : [])],
  });
  const runners = values.modes.split(',').map((mode) => createRunner(mode, config));
  for (let round = 0; round < Number(values.rounds); round++) for (const runner of runners) runner.step();
  for (const runner of runners) {
    const { milliseconds, processor } = runner;
    console.log(
      [
        preset.padEnd(6),
        runner.mode.padEnd(9),
        `${median(milliseconds.slice(1)).toFixed(1)} ms (least ${Math.min(...milliseconds.slice(1)).toFixed(1)})`,
        `processor ${median(processor.slice(1)).toFixed(1)} ms`,
        `first step ${(milliseconds[0] / 1000).toFixed(2)} s`,
        `losses differ by ${runner.distance(runners[0]).toExponential(1)}`,
        runner.reason() ?? '',
      ].join('  '),
    );
  }
  for (const runner of runners) runner.dispose();
}

function createRunner(mode, config) {
  const trainer = task.createTrainer(config, createRandom(1));
  const step = (frames, label, learningRate, seed) => {
    const scalars = { learningRate, seed };
    const { result, gradients } = trainer.gradients({ keys: [], tensors: { frames, label } }, scalars);
    trainer.update(gradients, scalars);
    return result;
  };
  const run =
    mode === 'eager'
      ? (...args) => tf.tidy(() => step(...args))
      : compile(step, { jit: mode === 'xla' ? 'on' : 'off', name: config.preset });
  const side = config.imageSize;
  const batches = [1, 2, 3, 4].map((seed) => [
    tf.tidy(() => tf.cast(tf.randomUniform([config.batchSize, 1, 3, side, side, 3], 0, 256, 'float32', seed), 'int32')),
    tf.tidy(() => tf.cast(tf.randomUniform([config.batchSize, 1], 0, 2, 'float32', seed), 'int32')),
  ]);
  const [milliseconds, processor, losses] = [[], [], []];
  return {
    mode,
    milliseconds,
    processor,
    losses,
    step() {
      const index = losses.length;
      const scalars = [tf.scalar(config.learningRate), tf.tensor1d([7, index], 'int32')];
      const [start, used] = [performance.now(), process.cpuUsage()];
      const result = run(...batches[index % batches.length], ...scalars);
      losses.push(result.loss.dataSync()[0]);
      milliseconds.push(performance.now() - start);
      const { user, system } = process.cpuUsage(used);
      processor.push((user + system) / 1000);
      tf.dispose([result, scalars]);
    },
    distance: (other) => Math.max(...losses.map((loss, i) => Math.abs(loss / other.losses[i] - 1))),
    reason: () => run.status?.reason,
    dispose() {
      run.dispose?.();
      trainer.dispose();
      tf.dispose(batches);
    },
  };
}
