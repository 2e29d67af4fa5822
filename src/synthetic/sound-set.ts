import { createRandom, type Random } from '../core/index.js';
import { drawMover, type Mover, type Pose } from './mover.js';
import { mix, noise, pulsate, soften, strike, type SoundLength } from './sound-textures.js';
import type { GeneratedVideo } from './synthetic-video.js';
import { drawTexture } from './texture.js';
import { bounce } from './trajectories.js';

/** What is seen, in label order; each sounds in its own way. */
export const soundSetClassNames = ['bell', 'mill', 'drum', 'rain', 'hail', 'flock'] as const;

/** What to make. The same options always give the same bytes. */
export interface SoundSetOptions {
  readonly seed: number;
  /** Groups of each class; each has a backdrop, a background noise and a loudness of its own. */
  readonly groups?: number;
  /** Of these, the first so many are for testing. */
  readonly testGroups?: number;
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly sampleRateHz?: number;
}

type Kind = (typeof soundSetClassNames)[number];
type Settings = Required<SoundSetOptions>;

/** How a kind looks: so many things of a shape, and their size in shares of the height. */
const looks: Readonly<Record<Kind, { readonly shape: Mover['shape']; readonly count: number; readonly size: number }>> =
  {
    bell: { shape: 'disc', count: 1, size: 0.27 },
    mill: { shape: 'square', count: 1, size: 0.3 },
    drum: { shape: 'triangle', count: 1, size: 0.34 },
    rain: { shape: 'disc', count: 26, size: 0.035 },
    hail: { shape: 'square', count: 8, size: 0.085 },
    flock: { shape: 'triangle', count: 14, size: 0.075 },
  };

/**
 * The generated audio-visual set: what sounds can be told from any one frame, by the shape, number and size of the things in
 * it, and from nothing else: their colours and places, the backdrop, the loudness and the noise behind the sound say nothing.
 * A bell's pitch follows from its size.
 *
 * @returns `6 × groups` videos, by class and group; nothing is drawn before it is asked for.
 */
export function createSoundSet(options: SoundSetOptions): readonly GeneratedVideo[] {
  const settings = checked(options);
  const random = createRandom(settings.seed).fork('sound-set');
  return soundSetClassNames.flatMap((kind, label) =>
    Array.from({ length: settings.groups }, (_, n) => {
      const name = `${kind}_g${String(n + 1).padStart(2, '0')}`;
      const role = n < settings.testGroups ? ('test' as const) : ('train' as const);
      return createVideo(kind, { name, className: kind, label, group: name, role }, settings, random.fork(name));
    }),
  );
}

function createVideo(
  kind: Kind,
  identity: Pick<GeneratedVideo, 'name' | 'className' | 'label' | 'group' | 'role'>,
  { width, height, fps, seconds, sampleRateHz }: Settings,
  random: Random,
): GeneratedVideo {
  const { shape, count, size } = looks[kind];
  const frameCount = Math.round(seconds * fps);
  const scale = 0.75 + 0.5 * random.fork('size').float();
  const things = Array.from({ length: count }, (_, n) =>
    createThing({ width, height, fps, radius: height * size * scale, shape }, random.fork('thing', n)),
  );
  let backdrop: Uint8Array | null = null;
  const posesAt = (index: number): readonly Pose[] => {
    if (!Number.isInteger(index) || index < 0 || index >= frameCount)
      throw new RangeError(`index must be from 0 to ${frameCount - 1}, got ${index}.`);
    return things.map(({ pose }) => pose(index));
  };
  return {
    ...identity,
    width,
    height,
    fps,
    frameCount,
    sampleRateHz,
    frame(index) {
      const poses = posesAt(index);
      const picture = (backdrop ??= drawTexture(width, height, random.fork('backdrop'))).slice();
      things.forEach(({ mover }, n) => drawMover(picture, width, height, mover, poses[n]!));
      return picture;
    },
    audio: () => renderScene(kind, scale, { seconds: frameCount / fps, sampleRateHz }, random.fork('sound')),
  };
}

interface Thing {
  readonly mover: Mover;
  readonly pose: (frame: number) => Pose;
}

/** Moves at an even pace and turns round at the rim, and turns slowly. */
function createThing(
  {
    width,
    height,
    fps,
    radius,
    shape,
  }: {
    readonly width: number;
    readonly height: number;
    readonly fps: number;
    readonly radius: number;
    readonly shape: Mover['shape'];
  },
  random: Random,
): Thing {
  const along = (length: number) => {
    const range = { low: 0.08 * length, high: 0.92 * length };
    const speed = ((random.int(2) === 0 ? 1 : -1) * length * (0.1 + 0.2 * random.float())) / fps;
    return bounce({ ...range, from: range.low + random.float() * (range.high - range.low), speed });
  };
  const [x, y] = [along(width), along(height)];
  const [angle, turn] = [random.float(), (random.float() - 0.5) / fps / 2];
  const colour = [0, 1, 2].map(() => 60 + random.int(190)) as unknown as Mover['colour'];
  return {
    mover: { shape, radius: radius * (0.9 + 0.2 * random.float()), colour },
    pose: (frame) => ({ x: x(frame), y: y(frame), angle: angle + turn * frame }),
  };
}

/** What a kind sounds like, before a noise that tells nothing, at a loudness that tells nothing. */
function renderScene(kind: Kind, size: number, length: SoundLength, random: Random): Float32Array {
  const { sampleRateHz } = length;
  const background = soften(noise(length, 0.05, random.fork('behind')), sampleRateHz, 200 + 4000 * random.float());
  const sound = sounds[kind](length, size, random.fork('before'));
  const gain = 0.3 + 0.7 * random.float();
  return mix(
    background.map((value) => 0.1 * value),
    sound,
  ).map((value) => gain * value);
}

const sounds: Readonly<Record<Kind, (length: SoundLength, size: number, random: Random) => Float32Array>> = {
  bell(length, size, random) {
    const hertz = 700 / size;
    const turns = (seconds: number, pitch: number) => seconds * pitch;
    return strike(
      length,
      { perSecond: 2, halfSeconds: 0.25, turns, pitch: [hertz, hertz * 1.01], amplitude: 0.25 },
      random,
    );
  },
  mill: (length, _size, random) => pulsate(noise(length, 0.12, random), length.sampleRateHz, 15 + 2 * random.float()),
  drum(length, _size, random) {
    const low = soften(noise(length, 0.5, random), length.sampleRateHz, 150);
    return pulsate(low, length.sampleRateHz, 3.5 + random.float());
  },
  rain: (length, _size, random) => noise(length, 0.1, random),
  hail: (length, _size, random) =>
    strike(length, { perSecond: 7, halfSeconds: 0.004, turns: null, amplitude: 0.6 }, random),
  flock(length, _size, random) {
    const turns = (seconds: number, pitch: number) => seconds * pitch * (1 + 4 * seconds);
    return strike(length, { perSecond: 6, halfSeconds: 0.04, turns, pitch: [2500, 5500], amplitude: 0.25 }, random);
  },
};

function checked(options: SoundSetOptions): Settings {
  const settings: Settings = {
    groups: 24,
    testGroups: 8,
    seconds: 16,
    width: 96,
    height: 72,
    fps: 8,
    sampleRateHz: 24_000,
    ...options,
  };
  const least = { groups: 1, testGroups: 0, seconds: 1, width: 32, height: 24, fps: 1, sampleRateHz: 8000 };
  for (const [name, low] of Object.entries(least)) {
    const value = settings[name as keyof Settings];
    if (!Number.isInteger(value) || value < low)
      throw new RangeError(`${name} must be an integer of at least ${low}, got ${value}.`);
  }
  if (settings.testGroups > settings.groups)
    throw new RangeError(`testGroups must be at most groups (${settings.groups}), got ${settings.testGroups}.`);
  return settings;
}
