import { z } from 'zod';
import { checkConfig, ConfigError, defineRegistry, didYouMean, loadConfig, type LoadedConfig } from '../core/index.js';
import type { AnyPretextTask, TaskConfig } from './define-pretext-task.js';

export { readClip } from './augment/read-clip.js';
export * from './define-pretext-task.js';

/** All pretext tasks, by name. */
export const tasks = defineRegistry<AnyPretextTask>('task', {
  'ambient-sound': () => import('./ambient-sound/index.js'),
  'motion-segmentation': () => import('./motion-segmentation/index.js'),
  deep3d: () => import('./deep3d/index.js'),
  prednet: () => import('./prednet/index.js'),
  'shuffle-and-learn': () => import('./shuffle-and-learn/index.js'),
  'svg-lp': () => import('./svg-lp/index.js'),
  'wang-gupta': () => import('./wang-gupta/index.js'),
});

/**
 * A task's settings: the defaults, over them the preset's values, over them the YAML file, over all each `key=value`.
 *
 * @throws ConfigError naming the key or preset, what is allowed, and the nearest name.
 */
export function resolveTaskConfig(
  task: AnyPretextTask,
  sources: { readonly file?: string | undefined; readonly set?: readonly string[] } = {},
): LoadedConfig<TaskConfig> {
  const { config: given } = loadConfig(z.looseObject({}), sources);
  const preset = given['preset'] ?? (checkConfig(task.config, {}).config as TaskConfig).preset;
  const name = typeof preset === 'string' ? preset : JSON.stringify(preset);
  const values = task.presets[name];
  if (!values) {
    const known = Object.keys(task.presets);
    throw new ConfigError(
      `Task ${task.name} has no preset ${JSON.stringify(name)}${didYouMean(name, known)}. Known: ${known.join(', ')}.`,
      {
        context: { task: task.name, preset, known },
      },
    );
  }
  return checkConfig(task.config, { ...values, ...given }) as LoadedConfig<TaskConfig>;
}
