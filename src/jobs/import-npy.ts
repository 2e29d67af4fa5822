import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, StoreError, type Sample } from '../core/index.js';
import { npyLayout, readNpyHeader, type NpyLayout } from '../ingest/index.js';
import { hashFile, readExportFile, readNpyExport, type ExportFile } from '../store/index.js';
import type { ImportFormat } from './exchange.js';
import {
  artefactsOfExport,
  assertImportable,
  headerOfClips,
  headerOfExport,
  writeIncoming,
  type Incoming,
} from './import-dataset.js';

const config = z.strictObject({
  framesPerSecond: z.number().positive().default(10).describe('Rate of the frames, which arrays do not say.'),
  time: z
    .union([z.literal(0), z.literal(1), z.literal('auto')])
    .default('auto')
    .describe('Which of the first two axes is time; auto: the shorter one.'),
});

type Settings = z.infer<typeof config>;

/**
 * Arrays of videos, such as `mnist_test_seq.npy`: bytes [time, videos, height, width], or with the first two exchanged, or with 1 or 3 channels
 * last; every video becomes a clip. A folder that `export --format npy` wrote becomes the dataset that it was.
 */
const npy: ImportFormat<Settings> = {
  name: 'npy',
  config,
  async read({ files: given, signal: name, out, limit }, settings, context) {
    const [file] = given.map((each) => resolve(each));
    if (file === undefined || given.length !== 1)
      throw new ConfigError(`The format npy takes one file, got ${given.length}.`);
    if (!existsSync(file)) throw new ConfigError(`${file} does not exist.`);
    const dir = statSync(file).isDirectory() ? file : dirname(file);
    const own = basename(file) === 'export.json' || dir === file ? readExportFile(dir) : null;
    if (own) {
      assertImportable(dir, own, 'npy', name);
      const target = {
        out,
        header: headerOfExport(own, limit),
        artefacts: artefactsOfExport(dir, own),
        limit,
        total: own.files[0]!.samples,
      };
      return writeIncoming(readOwn(dir, own), target, context);
    }
    if (dir === file) throw new ConfigError(`${file} has no export.json: it is not an export of ours.`);
    if (name !== 'clips') throw new ConfigError(`An array of videos can only become clips, not ${name}.`);
    const layout = layoutOf(file, settings);
    const sha256 = await hashFile(file);
    const imported = { format: 'npy', ...settings, file: basename(file), sha256 };
    const header = await headerOfClips({ imported, corpusDigest: sha256, limit });
    const incoming = readVideos(file, layout, settings);
    return writeIncoming(incoming, { out, header, artefacts: {}, limit, total: layout.sequences }, context);
  },
};

export default npy;

async function* readOwn(dir: string, own: ExportFile): AsyncGenerator<Incoming> {
  for await (const value of readNpyExport(dir, own)) yield { kind: 'sample', value };
}

function layoutOf(file: string, { time }: Settings): NpyLayout {
  const { dtype, fortranOrder, shape } = readNpyHeader(file);
  const layout = npyLayout(shape, time === 'auto' ? null : time);
  if (dtype !== '|u1' || fortranOrder || !layout) {
    throw new ConfigError(
      `${file} holds ${dtype} [${shape.join(', ')}]${fortranOrder ? ' in column order' : ''}; videos are bytes (|u1) of shape [videos, time, height, width], or with 1 or 3 channels last.`,
      { context: { file } },
    );
  }
  if (layout.frames < 2 || layout.frames > 300)
    throw new ConfigError(`${file}: a clip has 2 to 300 frames, these have ${layout.frames}; see time.`);
  return layout;
}

/** One video after the other; a frame is read at a time, so the array may be larger than memory. */
async function* readVideos(file: string, layout: NpyLayout, { framesPerSecond }: Settings): AsyncGenerator<Incoming> {
  const { sequences, frames: length, height, width, channels, timeFirst } = layout;
  const { offset } = readNpyHeader(file);
  const frameBytes = height * width * channels;
  const rate = Number.isInteger(framesPerSecond)
    ? ([1, framesPerSecond] as const)
    : ([1000, Math.round(1000 * framesPerSecond)] as const);
  const name = basename(file);
  const handle = openSync(file, 'r');
  try {
    for (let index = 0; index < sequences; index++) {
      const data = new Uint8Array(length * frameBytes);
      for (let frame = 0; frame < length; frame++) {
        const place = timeFirst ? frame * sequences + index : index * length + frame;
        readFully(
          handle,
          data.subarray(frame * frameBytes, (frame + 1) * frameBytes),
          offset + place * frameBytes,
          file,
        );
      }
      const source = sourceOf(data, layout);
      const sample: Sample = {
        key: `${source}/0/0`,
        fields: {
          frames: { data, shape: [length, height, width, channels] },
          size: Int32Array.of(length, height, width, channels),
          start: 0,
          framesPerSecond: Math.fround(rate[1] / rate[0]),
          motion: Math.fround(motionOf(data, frameBytes)),
          group: source,
        },
        provenance: { source, shot: 0, pts: Array.from({ length }, (_, i) => i), timeBase: rate },
      };
      yield { kind: 'sample', value: { sample, labels: { name, index } } };
    }
  } finally {
    closeSync(handle);
  }
}

/** The id that the video would have as a source `npy:FILE`, so that both ways give the same keys. */
function sourceOf(data: Uint8Array, { frames, height, width, channels }: NpyLayout): string {
  const pixelFormat = channels === 1 ? 'gray' : 'rgb24';
  return createHash('sha256')
    .update(`npy ${frames} ${height} ${width} ${pixelFormat}\n`)
    .update(data)
    .digest('hex')
    .slice(0, 16);
}

function motionOf(data: Uint8Array, frameBytes: number): number {
  let sum = 0;
  for (let i = frameBytes; i < data.length; i++) sum += Math.abs(data[i]! - data[i - frameBytes]!);
  return sum / (data.length - frameBytes);
}

function readFully(handle: number, into: Uint8Array, position: number, file: string): void {
  for (let done = 0; done < into.length;) {
    const got = readSync(handle, into, done, into.length - done, position + done);
    if (got === 0) throw new StoreError('corrupt', `${file} is cut off.`, { context: { file } });
    done += got;
  }
}
