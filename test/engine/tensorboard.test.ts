import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { cacheFolder, packageRoot, readEnvironment, runProcess } from '../../src/core/index.js';
import { selectBackend, tf, type Encoder, type Trainer } from '../../src/engine/index.js';
import { stepOfEvent } from '../../src/engine/tensorboard/events.js';
import { drawPictures, findNeighbours } from '../../src/engine/tensorboard/pictures.js';
import { crc32c, frameRecord, readRecords } from '../../src/engine/tensorboard/records.js';
import { openTensorBoard } from '../../src/engine/tensorboard/writer.js';
import { decodeImage } from '../../src/vision/image-codec.js';

const dir = mkdtempSync(join(tmpdir(), 'reelmine-tensorboard-'));
beforeAll(() => selectBackend('cpu'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const clock = (seconds: number) => () => new Date(seconds * 1000);
const open = (folder: string, { step = 0, at = 1000, rate = 0.1 } = {}) =>
  openTensorBoard(folder, {
    step,
    config: { rate, nested: { deep: true }, list: [1, 2] },
    group: `g${rate}`,
    now: clock(at),
  });
const filesOf = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('events.out.tfevents.'));

describe('checksums and records', () => {
  it('are those of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('come back whole, up to the first that is damaged or cut off', () => {
    const parts = ['', 'one', 'zwei'].map((text) => Buffer.from(text));
    const file = Buffer.concat(parts.map(frameRecord));
    const read = (bytes: Uint8Array) => readRecords(bytes).map((record) => Buffer.from(record).toString());
    expect(read(file)).toEqual(['', 'one', 'zwei']);
    expect(read(file.subarray(0, file.length - 1))).toEqual(['', 'one']);
    const damaged = Buffer.from(file);
    damaged[16 + 13]! ^= 1;
    expect(read(damaged)).toEqual(['']);
  });
});

describe("a run's events", () => {
  it('lose what came after the step from which a run goes on, and go on in a file of their own', () => {
    const folder = join(dir, 'resumed');
    const first = open(folder);
    for (const step of [1, 2, 3]) first.write(step, [{ tag: 'loss', scalar: step }]);
    const [older] = filesOf(folder) as [string];
    writeFileSync(join(folder, older), 'half a rec', { flag: 'a' });
    open(folder, { step: 2, at: 1000 }).write(3, [{ tag: 'loss', scalar: 30 }]);
    const files = filesOf(folder);
    expect(files).toHaveLength(2);
    expect(files[0]).toBe(older);
    const steps = (name: string) => readRecords(readFileSync(join(folder, name))).map(stepOfEvent);
    expect(steps(files[0]!)).toEqual([0, 0, 1, 2]);
    expect(steps(files[1]!)).toEqual([0, 0, 3, 3]);
  });
});

/** Features are the mean of each colour. */
const encoder: Encoder = {
  width: 2,
  height: 2,
  layers: { mean: 3 },
  encode: (images) => tf.mean(images, [1, 2]),
};
const colours = [
  [250, 0, 0],
  [0, 250, 0],
  [240, 20, 0],
  [10, 240, 0],
  [0, 0, 250],
] as const;
const pictures = () =>
  tf.tensor4d(
    colours.flatMap((colour) => Array.from({ length: 12 }, () => colour).flat()),
    [5, 3, 4, 3],
  );

describe('pictures', () => {
  it('are shown as they are, each beside what the encoder finds most alike among other samples', async () => {
    const trainer: Pick<Trainer, 'pictures' | 'encoder'> = { encoder, pictures: () => ({ frames: pictures() }) };
    const before = tf.memory().numTensors;
    const values = await drawPictures(trainer, { keys: ['a', 'b', 'c', 'd', 'e'], tensors: {} }, 3);
    expect(tf.memory().numTensors).toBe(before);
    expect(values.map(({ tag }) => tag)).toEqual(['inputs/frames', 'neighbours/frames']);
    const [inputs, near] = await Promise.all(
      values.map(async (value) => decodeImage('image' in value ? value.image.png : new Uint8Array())),
    );
    expect([inputs!.width, inputs!.height, near!.width, near!.height]).toEqual([12, 3, 20, 9]);
    const at = ({ data, width }: typeof inputs & object, row: number, column: number) => [
      ...data.subarray((row * 3 * width + column * 4) * 3, (row * 3 * width + column * 4) * 3 + 3),
    ];
    expect([0, 1, 2].map((column) => at(inputs!, 0, column))).toEqual(colours.slice(0, 3));
    expect([0, 1, 2].map((row) => at(near!, row, 0))).toEqual(colours.slice(0, 3));
    expect([0, 1, 2].map((row) => at(near!, row, 1))).toEqual([colours[2], colours[3], colours[0]]);
  });

  it('are never neighbours of their own sample', async () => {
    const rows = await findNeighbours(encoder, pictures(), { shown: 9, perSample: 2 });
    expect(rows.map(([place]) => place)).toEqual([0, 2, 4]);
    expect(rows[0]).not.toContain(1);
    expect([...rows[0]!].slice(0, 2)).toEqual([0, 2]);
  });
});

describe("TensorBoard's own reader", () => {
  it('reads scalars, pictures and settings of several runs, a resumed one without duplicate steps', async (context) => {
    const python = await preparePython(context);
    const root = join(dir, 'runs');
    const [a, b] = [join(root, 'a'), join(root, 'b')];
    const first = open(a);
    for (const step of [1, 2, 3]) first.write(step, [{ tag: 'loss', scalar: step / 4 }]);
    const resumed = open(a, { step: 2, at: 2000 });
    for (const step of [3, 4]) resumed.write(step, [{ tag: 'loss', scalar: step }]);
    resumed.end(4, true);
    const trainer = { pictures: () => ({ frames: pictures() }) };
    const shown = await drawPictures(trainer, { keys: ['x'], tensors: {} }, 2);
    const other = open(b, { rate: 0.5 });
    other.write(7, [{ tag: 'loss', scalar: -1.5 }, { tag: 'accuracy', scalar: 1 }, ...shown]);
    const script = join(packageRoot(), 'test', 'engine', 'read-tensorboard.py');
    const { status, stdout, stderr } = await runProcess(python, [script, root], {
      env: { PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(status, stderr).toBe(0);
    const png = 'image' in shown[0]! ? Buffer.from(shown[0].image.png).toString('hex') : '';
    const settings = (rate: number) => ({ rate, 'nested.deep': true, list: '[1,2]' });
    expect(JSON.parse(stdout)).toEqual({
      a: {
        scalars: {
          loss: [
            [1, 0.25],
            [2, 0.5],
            [3, 3],
            [4, 4],
          ],
        },
        images: {},
        hparams: { settings: settings(0.1), group: 'g0.1', status: 1 },
      },
      b: {
        scalars: { loss: [[7, -1.5]], accuracy: [[7, 1]] },
        images: { 'inputs/frames': [[7, 8, 3, png]] },
        hparams: { settings: settings(0.5), group: 'g0.5', status: null },
      },
    });
  });
});

/** A Python with TensorBoard, kept for the next run; skips the test where there is none. */
async function preparePython(context: TestContext): Promise<string> {
  const folder = join(cacheFolder(), 'python-tensorboard');
  const own = join(folder, 'bin', 'python');
  const imports = 'from tensorboard.backend.event_processing import plugin_event_multiplexer';
  for (const python of [readEnvironment('REELMINE_PEERS_PYTHON'), own])
    if (python !== undefined && existsSync(python) && (await runProcess(python, ['-c', imports])).status === 0)
      return python;
  try {
    const made = await runProcess('python3', ['-m', 'venv', folder]);
    if (made.status !== 0) context.skip(`python3 cannot make a virtual environment: ${made.stderr.slice(-200)}`);
    const got = await runProcess(own, ['-m', 'pip', 'install', '--quiet', 'tensorboard', 'setuptools<81']);
    if (got.status !== 0) context.skip(`pip cannot install tensorboard: ${got.stderr.slice(-200)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') context.skip('there is no python3');
    throw error;
  }
  return own;
}
