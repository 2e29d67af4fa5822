import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { z } from 'zod';
import type { Encoder } from '../../engine/index.js';
import type { EvaluateContext } from '../define-evaluator.js';
import type { LabelledSource } from '../benchmarks/roles.js';
import { openUntrained } from '../untrained.js';
import { readVideos } from '../videos/describe.js';
import { canInitialise, initialiseByKMeans } from './initialise.js';

/** Settings of the rival `k-means`, for the configuration of an evaluator. */
export const kMeansConfig = z
  .strictObject({
    pictures: z
      .int()
      .nonnegative()
      .default(64)
      .describe('Pictures of the training list that weights are set by; 0 leaves the rival out.'),
    patches: z.int().positive().default(4000).describe('Windows of these pictures that are clustered for each layer.'),
    rounds: z.int().positive().default(10).describe('Rounds of k-means.'),
  })
  .prefault({})
  .describe('Of the rival whose weights are not learned but follow from what pictures look like.');

/** A network that is not trained; whoever has it disposes it. */
export type UntrainedEncoder = Encoder & { dispose(): void };

/**
 * The untrained network of each seed after `initialiseByKMeans`, by pictures that `read` gives, at most as many as asked for; none where the settings
 * leave it out or the network has no layer whose weights can be set. The caller disposes them.
 */
export async function openKMeans(
  context: EvaluateContext<'encoder'>,
  {
    layer,
    settings,
    read,
  }: {
    readonly layer: string;
    readonly settings: z.infer<typeof kMeansConfig>;
    readonly read: (count: number) => Promise<readonly Uint8Array[]>;
  },
): Promise<readonly UntrainedEncoder[]> {
  if (settings.pictures === 0) return [];
  const models = await openUntrained(context);
  try {
    const pictures = models[0] && canInitialise(models[0], layer) ? await read(settings.pictures) : [];
    if (pictures.length > 0) {
      for (const [seed, model] of models.entries()) {
        await yieldToEvents();
        context.signal.throwIfAborted();
        context.emit({ kind: 'progress', stage: 'k-means', done: seed, total: models.length, unit: 'networks' });
        initialiseByKMeans(model, layer, pictures, { ...settings, random: context.random.fork('k-means', seed) });
      }
      return models;
    }
  } catch (error) {
    models.forEach((model) => model.dispose());
    throw error;
  }
  models.forEach((model) => model.dispose());
  return [];
}

/** Seconds that the networks of all seeds take, from that of the first, which is really made. */
export async function measureKMeans(
  encoder: Encoder,
  {
    layer,
    settings,
    list,
    context,
  }: {
    readonly layer: string;
    readonly settings: z.infer<typeof kMeansConfig>;
    readonly list: readonly LabelledSource[];
    readonly context: EvaluateContext<'encoder'>;
  },
): Promise<number> {
  const started = performance.now();
  const read = (count: number) => readMiddles(list, { count, encoder, context });
  const models = await openKMeans({ ...context, seeds: Math.min(1, context.seeds) }, { layer, settings, read });
  models.forEach((model) => model.dispose());
  return (context.seeds * (performance.now() - started)) / 1000;
}

/** The middle picture of some videos of a list, at most `count`, drawn; uint8 [height, width, 3] each. */
export async function readMiddles(
  list: readonly LabelledSource[],
  {
    count,
    encoder,
    context,
  }: { readonly count: number; readonly encoder: Encoder; readonly context: EvaluateContext<'encoder'> },
): Promise<readonly Uint8Array[]> {
  const drawn = context.random.fork('k-means', 'pictures').shuffle(list).slice(0, count);
  const settings = { sampling: 'segment-centre', ticks: 1, clipSeconds: 1, crops: 1 } as const;
  const pictures: Uint8Array[] = [];
  const reading = { list: drawn, encoder, settings, context, stage: 'k-means', done: 0, total: drawn.length };
  for await (const video of readVideos(reading)) pictures.push(video.pictures[0]![0]!);
  return pictures;
}
