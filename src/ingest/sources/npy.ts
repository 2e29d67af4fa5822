import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { ConfigError } from '../../core/index.js';
import { npyLayout, readNpyHeader, type NpyDescription } from '../decoders/npy.js';
import { descriptionExtension } from '../open-media.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { badSource, parseRate, parseSourceText } from './source-text.js';

const settings = ['fps', 'time'] as const;

/**
 * `npy:FILE`: each video of a NumPy array of bytes, read in place. `?fps=N` says its rate (10 where it is not said), `?time=0` or
 * `?time=1` which of the first two dimensions is time (the smaller one where it is not said). For each video a description is put
 * into `<corpus>/media`; its id comes from its pixels.
 *
 * @throws ConfigError if FILE is not there or is no array of videos, MediaError if its header cannot be read.
 */
export function expandNpy(text: string, corpus: string): ExpandedSources {
  const parsed = parseSourceText(text, settings);
  const rate = parseRate(parsed.settings.get('fps') ?? '10');
  const time = parsed.settings.get('time');
  if (time !== undefined && time !== '0' && time !== '1') throw badSource(`npy:${text}`, 'time is 0 or 1');
  const file = resolve(parsed.place);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile())
    throw new ConfigError(`Source npy:${text}: ${file} is no file.`, {
      code: 'source-missing',
      context: { source: text },
    });
  const { dtype, fortranOrder, shape } = readNpyHeader(file);
  const layout = npyLayout(shape, time === undefined ? null : (Number(time) as 0 | 1));
  if (dtype !== '|u1' || fortranOrder || !layout) {
    const order = fortranOrder ? ' in column order' : '';
    throw badSource(
      `npy:${text}`,
      `videos are bytes (|u1) of shape [videos, time, height, width] or with 1 or 3 channels last; this is ${dtype} [${shape.join(', ')}]${order}`,
    );
  }
  if (layout.sequences * layout.frames > stat.size)
    throw badSource(
      `npy:${text}`,
      `its header promises ${layout.sequences} videos of ${layout.frames} pictures, it has ${stat.size} bytes`,
    );
  const name = basename(file).replace(/\.npy$/i, '');
  const folder = `npy-${name}-${fingerprint(file, { shape, rate, time: time ?? null })}`;
  const candidates = Array.from({ length: layout.sequences }, (_, index): Candidate => {
    const key = `${folder}/${String(index).padStart(6, '0')}`;
    const path = join(corpus, 'media', `${key}${descriptionExtension}`);
    const { size: bytes, mtimeMs } = stat;
    const description: NpyDescription = { schema: 1, kind: 'npy', file, bytes, mtimeMs, rate, layout, index };
    return { path, key, licence: null, origin: `npy:${name}`, benchmarks: {}, described: { description, copies: [] } };
  });
  return { candidates, ignored: 0, absent: 0, warnings: [] };
}

/** 8 digits that tell arrays of one name apart, wherever they lie. */
function fingerprint(file: string, about: unknown): string {
  const head = Buffer.alloc(65_536);
  const handle = openSync(file, 'r');
  try {
    const length = readSync(handle, head);
    const hash = createHash('sha256').update(JSON.stringify(about)).update(head.subarray(0, length));
    return hash.digest('hex').slice(0, 8);
  } finally {
    closeSync(handle);
  }
}
