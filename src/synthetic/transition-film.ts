import { createRandom, type Random } from '../core/index.js';
import { drawTexture } from './texture.js';

/** How one take becomes the next. */
export type TransitionKind = 'cut' | 'dissolve' | 'fade';

/** A boundary of a made film. */
export interface FilmBoundary {
  readonly kind: TransitionKind;
  /** First frame that is not the take before alone; of a cut, the first of the next take. */
  readonly start: number;
  /** First frame of the next take alone. */
  readonly end: number;
}

/** A film of takes with known boundaries, and with flashes and pans that are none. */
export interface TransitionFilm {
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  readonly boundaries: readonly FilmBoundary[];
  /** uint8 [height, width, 3], RGB; a copy of its receiver's own. */
  frame(index: number): Uint8Array;
}

/** What to make. The same options always give the same bytes. */
export interface TransitionFilmOptions {
  readonly seed: number;
  readonly takes?: number;
  readonly width?: number;
  readonly height?: number;
}

interface Take {
  readonly backdrop: Uint8Array;
  /** Where the camera stands in the take's frame `i`, in pixels of the backdrop. */
  readonly camera: (i: number) => readonly [number, number];
  /** Frames that flash white, counted within the take. */
  readonly flash: readonly [from: number, to: number] | null;
  readonly length: number;
  readonly thing: {
    readonly colour: readonly number[];
    readonly side: number;
    readonly at: (i: number) => readonly [number, number];
  };
}

/** How much larger than the picture a backdrop is. */
const room = 2;

/**
 * Makes a film: takes of 40 to 90 frames before backdrops of their own, each with a moving thing and a camera that stands, drifts, or pans
 * fast for a while; between them cuts, dissolves of 8 to 40 frames, and fades through black.
 */
export function createTransitionFilm({
  seed,
  takes: count = 12,
  width = 320,
  height = 240,
}: TransitionFilmOptions): TransitionFilm {
  const random = createRandom(seed).fork('transition-film');
  const takes = Array.from({ length: count }, (_, n) => drawTake(width, height, random.fork('take', n)));
  const boundaries: FilmBoundary[] = [];
  const starts = [0]; // where each take's frame 0 would be; takes overlap in dissolves
  let at = takes[0]!.length;
  for (let n = 1; n < count; n++) {
    const own = random.fork('boundary', n);
    const kind = (['cut', 'dissolve', 'fade'] as const)[own.int(3)]!;
    const half = kind === 'cut' ? 0 : kind === 'dissolve' ? 4 + own.int(17) : 6 + own.int(12);
    const dark = kind === 'fade' ? 1 + own.int(10) : 0;
    if (kind === 'fade') {
      boundaries.push({ kind, start: at - half, end: at + dark + half });
      starts.push(at + dark);
      at += dark + takes[n]!.length;
    } else {
      boundaries.push({ kind, start: at - half, end: at + half });
      starts.push(at - half);
      at += takes[n]!.length - half;
    }
  }
  const frame = (index: number): Uint8Array => {
    const next = boundaries.findIndex(({ end }) => index < end);
    const number = next < 0 ? count - 1 : next;
    const boundary = boundaries[number];
    const own = () => drawFrame(takes[number]!, index - starts[number]!, width, height);
    if (!boundary || index < boundary.start) return own();
    const { kind, start, end } = boundary;
    const following = () => drawFrame(takes[number + 1]!, index - starts[number + 1]!, width, height);
    if (kind === 'dissolve') {
      const share = (index - start + 1) / (end - start + 1);
      const b = following();
      return own().map((value, i) => Math.round(value + (b[i]! - value) * share));
    }
    const fading = starts[number]! + takes[number]!.length - start;
    const light = index - start < fading ? 1 - (index - start + 1) / fading : 1 - (end - index) / fading;
    const picture = index - start < fading ? own() : index >= starts[number + 1]! ? following() : own();
    return picture.map((value) => Math.round(value * Math.max(0, light)));
  };
  return { width, height, frameCount: at, boundaries, frame };
}

function drawTake(width: number, height: number, random: Random): Take {
  const length = 60 + random.int(60);
  const [wide, high] = [width * room, height * room];
  const tint = [0, 1, 2].map(() => 0.35 + 0.9 * random.float());
  const backdrop = drawTexture(wide, high, random.fork('backdrop')).map((value, i) =>
    Math.min(235, Math.max(20, Math.round((value - 128) * 1.6 * tint[i % 3]! + 128 * tint[(i + 1) % 3]!))),
  );
  for (let n = 0; n < 10; n++) drawBlock(backdrop, wide, high, random);
  const angle = random.int(4);
  const speed = random.int(3) === 0 ? 0 : 0.1 + 0.7 * random.float();
  const panAt = random.int(2) === 0 ? 20 + random.int(10) : Infinity; // then it moves 12 pixels a frame for 8 to 15 frames
  const panFrames = 8 + random.int(8);
  const camera = (i: number): readonly [number, number] => {
    const way = speed * i + 12 * Math.min(panFrames, Math.max(0, i - panAt));
    const [x, y] = [(wide - width) / 2, (high - height) / 2];
    const moved = [
      [x + way, y],
      [x - way, y],
      [x, y + way / 2],
      [x, y - way / 2],
    ][angle]!;
    return [
      Math.round(Math.min(Math.max(0, moved[0]!), wide - width)),
      Math.round(Math.min(Math.max(0, moved[1]!), high - height)),
    ];
  };
  const flashAt = random.int(3) === 0 ? 30 + random.int(10) : -1;
  const [fromX, fromY, drift] = [random.int(width), random.int(height), 0.5 + 2 * random.float()];
  return {
    backdrop,
    camera,
    flash: flashAt < 0 ? null : [flashAt, flashAt + 1 + random.int(2)],
    length,
    thing: {
      colour: [random.int(256), random.int(256), random.int(256)],
      side: Math.round(height * (0.1 + 0.2 * random.float())),
      at: (i) => [(fromX + drift * i) % width, fromY],
    },
  };
}

function drawBlock(picture: Uint8Array, wide: number, high: number, random: Random): void {
  const colour = [random.int(256), random.int(256), random.int(256)];
  const [w, h] = [20 + random.int(wide / 4), 20 + random.int(high / 4)];
  const [left, top] = [random.int(wide - w), random.int(high - h)];
  for (let y = top; y < top + h; y++) for (let x = left; x < left + w; x++) picture.set(colour, (y * wide + x) * 3);
}

function drawFrame({ backdrop, camera, flash, thing }: Take, index: number, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  const [left, top] = camera(index);
  for (let y = 0; y < height; y++) {
    const from = ((y + top) * width * room + left) * 3;
    out.set(backdrop.subarray(from, from + width * 3), y * width * 3);
  }
  const [x0, y0] = thing.at(index).map(Math.round) as [number, number];
  for (let y = y0; y < Math.min(height, y0 + thing.side); y++)
    for (let x = x0; x < Math.min(width, x0 + thing.side); x++) out.set(thing.colour, (y * width + x) * 3);
  if (!flash || index < flash[0] || index >= flash[1]) return out;
  return out.map((value) => 190 + (value >> 2));
}
