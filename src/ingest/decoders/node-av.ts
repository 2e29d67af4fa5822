import type * as constantsModule from 'node-av/constants';
import type * as libModule from 'node-av/lib';

/** The parts of node-av that we use: its low-level classes and FFmpeg's constants. */
export interface NodeAv {
  readonly lib: typeof libModule;
  readonly constants: typeof constantsModule;
}

let loaded: Promise<NodeAv> | null = null;

/**
 * Loads node-av once and silences FFmpeg's own log, which would write to stderr.
 *
 * @throws Error if there is no binary of it for this platform.
 */
export function loadNodeAv(): Promise<NodeAv> {
  loaded ??= (async () => {
    const [lib, constants] = await Promise.all([import('node-av/lib'), import('node-av/constants')]);
    lib.Log.setLevel(constants.AV_LOG_QUIET);
    return { lib, constants };
  })();
  return loaded;
}
