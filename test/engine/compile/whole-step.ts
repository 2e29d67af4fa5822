import type { Tensor } from '@tensorflow/tfjs-core';
import { createRandom } from '../../../src/core/index.js';
import { compile, tf, type CompileOptions, type CompileStatus } from '../../../src/engine/index.js';
import { resolveTaskConfig, tasks } from '../../../src/models/index.js';

/** Losses of some steps of Shuffle and Learn on made-up pictures. */
export async function trainOnNoise(
  sets: readonly string[],
  { steps, options }: { readonly steps: number; readonly options: CompileOptions | null },
): Promise<{ readonly losses: number[]; readonly status: CompileStatus | null }> {
  const task = await tasks.load('shuffle-and-learn');
  const { config } = resolveTaskConfig(task, { set: sets });
  const trainer = task.createTrainer(config, createRandom(1));
  const step = (frames: Tensor, label: Tensor, learningRate: Tensor, seed: Tensor) => {
    const scalars = { learningRate, seed };
    const { result, gradients } = trainer.gradients({ keys: [], tensors: { frames, label } }, scalars);
    trainer.update(gradients, scalars);
    return result;
  };
  const run = options && compile(step, options);
  const { batchSize, imageSize } = config as unknown as { batchSize: number; imageSize: number };
  const losses: number[] = [];
  for (let index = 0; index < steps; index++) {
    tf.tidy(() => {
      const frames = tf.randomUniform([batchSize, 1, 3, imageSize, imageSize, 3], 0, 256, 'float32', index + 1);
      const label = tf.randomUniform([batchSize, 1], 0, 2, 'float32', index + 1);
      const scalars = [tf.scalar(config.learningRate), tf.tensor1d([7, index], 'int32')] as const;
      const result = (run ?? step)(tf.cast(frames, 'int32'), tf.cast(label, 'int32'), ...scalars);
      losses.push(result.loss.dataSync()[0]!);
    });
  }

  const status = run?.status ?? null;
  run?.dispose();
  trainer.dispose();
  return { losses, status };
}

/** Largest difference of two runs' losses, relative. */
export function furthest(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((loss, i) => Math.abs(loss / b[i]! - 1)));
}
