import {
  createRandom,
  rememberPicture,
  takeRoom,
  type Box,
  type PrepareContext,
  type PreparedSample,
  type Random,
  type Sample,
} from '../../core/index.js';
import type { temporalOrderSample } from '../../mining/temporal-order/sample.js';
import { decodeImage } from '../../vision/image-codec.js';
import { cropToSquare, type ColourMatrix, type Picture } from '../augment/crop-to-square.js';
import type { ShuffleAndLearnConfig } from './config.js';
import { pictureIndex, testTuples, trainingTuple, type Tuple } from './tuples.js';

type TemporalOrderRecord = Sample<typeof temporalOrderSample>;

/** Share of the record's `patch` that is cut out: OPN takes 80 pixels of 100. */
const patchShare = 0.8;

/**
 * One stored record → its tuples for this batch: one when training, whose label its place in the batch decides; two when testing, one of each
 * label with the same outer frames. Runs in the loader's workers.
 *
 * @returns `frames` uint8 [tuples, 3, imageSize, imageSize, 3] RGB, `label` int32 [tuples], `tuple` int32 [tuples, 3]: which of a to e are shown.
 */
export async function prepare(sample: Sample, context: PrepareContext): Promise<PreparedSample> {
  const { fields, key } = sample as unknown as TemporalOrderRecord;
  const config = context.config as ShuffleAndLearnConfig;
  const training = context.mode === 'train';
  const tuples: readonly Tuple[] = training
    ? [trainingTuple({ ...context, has: fields.has, negativeShare: config.negativeShare })]
    : testTuples({ has: fields.has, draw: createRandom(key).seed() });
  const random = training ? context.random : null;

  const pictures = new Map<number, Picture>();
  for (const place of new Set(tuples.flatMap(({ places }) => places))) {
    const image = fields.images[pictureIndex(place, fields.has)];
    if (!image) throw new RangeError(`Record ${key} has no picture for frame ${'abcde'[place]}.`);
    pictures.set(place, await rememberPicture(context.loader, `${key}/${place}`, () => decodeImage(image)));
  }

  const size = config.imageSize;
  const frameBytes = size * size * 3;
  const shape = [tuples.length, 3, size, size, 3];
  const frames = takeRoom(context.loader, 'frames', 'uint8', shape);
  tuples.forEach(({ places }, t) => {
    const { shift, mirror, colour } = drawTuple(config, random);
    places.forEach((place, i) => {
      const picture = pictures.get(place)!;
      const box = frameBox({ picture, patch: fields.patch, config, shift, random });
      const at = (t * 3 + i) * frameBytes;
      cropToSquare(picture, { box, size, mirror, colour, out: frames.subarray(at, at + frameBytes) });
    });
  });
  return {
    frames: { data: frames, dtype: 'uint8', shape },
    label: { data: Int32Array.from(tuples, ({ label }) => label), dtype: 'int32', shape: [tuples.length] },
    tuple: { data: Int32Array.from(tuples.flatMap(({ places }) => places)), dtype: 'int32', shape: [tuples.length, 3] },
  };
}

/** What all three frames of a tuple share; drawn per frame it would give the order away or hide it. Without `random`: nothing is changed. */
function drawTuple(config: ShuffleAndLearnConfig, random: Random | null) {
  return {
    mirror: random !== null && config.mirror && random.float() < 0.5,
    /** Place of the cut inside the patch, 0–1 each way. */
    shift: random ? ([random.float(), random.float()] as const) : ([0.5, 0.5] as const),
    colour: spreadChannel(config, random ? random.int(3) : 1),
  };
}

/** OPN's channel splitting: one colour channel copied to all three. */
function spreadChannel({ colour }: ShuffleAndLearnConfig, channel: number): ColourMatrix | null {
  const row = [0, 1, 2, 3].map((input) => (input === channel ? 1 : 0));
  return colour === 'split' ? [...row, ...row, ...row] : null;
}

/** The part of one picture that is shown, each frame moved a little by itself, kept inside. */
function frameBox({
  picture,
  patch,
  config,
  shift,
  random,
}: {
  readonly picture: Picture;
  readonly patch: Int32Array;
  readonly config: ShuffleAndLearnConfig;
  readonly shift: readonly [number, number];
  readonly random: Random | null;
}): Box {
  const whole = config.crop === 'whole';
  const [x, y, width, height] = whole
    ? [0, 0, picture.width, picture.height]
    : [patch[0]!, patch[1]!, patch[2]!, patch[3]!];
  // room to move must be left where frames are shifted, or the picture's edge would stop them
  const room = whole ? (config.jitter === 0 ? 1 : 1 / (1 + (2 * config.jitter) / config.imageSize)) : patchShare;
  const cut = { width: width * room, height: height * room };
  const move = () => (random && config.jitter > 0 ? ((2 * random.float() - 1) * config.jitter) / config.imageSize : 0);
  const place = whole ? [0.5, 0.5] : shift;
  const within = (value: number, limit: number) => Math.min(Math.max(0, value), Math.max(0, limit));
  return {
    x: within(x + (width - cut.width) * place[0] + move() * cut.width, picture.width - cut.width),
    y: within(y + (height - cut.height) * place[1] + move() * cut.height, picture.height - cut.height),
    ...cut,
  };
}
