import { ConfigError, defineRegistry, PipelineError, type Registry } from '../../core/index.js';
import type { Decoder } from './decoder.js';

/** Every decoder, by name. */
export const decoders: Registry<Decoder> = defineRegistry<Decoder>('decoder', {
  libav: () => import('./libav.js'),
  ffmpeg: () => import('./ffmpeg.js'),
});

/** The order in which `auto` tries them. */
const preference = ['libav', 'ffmpeg'] as const;

/** The decoder that `selectDecoder` found, and which it passed over. */
export interface SelectedDecoder {
  readonly decoder: Decoder;
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * A decoder that works here.
 *
 * @param name `libav`, `ffmpeg`, or `auto` for the first of these that works.
 * @throws ConfigError for an unknown name or one that does not work here; PipelineError `no-decoder` if `auto` finds none.
 */
export async function selectDecoder(name: string): Promise<SelectedDecoder> {
  if (name !== 'auto') {
    const decoder = await decoders.load(name);
    const reason = await decoder.unavailable();
    if (reason !== null)
      throw new ConfigError(`The decoder ${name} does not work here: ${reason}`, {
        code: 'decoder-unavailable',
        context: { name },
      });
    return { decoder, passedOver: [] };
  }
  const passedOver: { name: string; reason: string }[] = [];
  for (const candidate of preference) {
    const decoder = await decoders.load(candidate);
    const reason = await decoder.unavailable();
    if (reason === null) return { decoder, passedOver };
    passedOver.push({ name: candidate, reason });
  }
  throw new PipelineError(
    'no-decoder',
    `No decoder works here. ${passedOver.map((it) => `${it.name}: ${it.reason}`).join(' ')}`,
    {
      context: { passedOver },
    },
  );
}
