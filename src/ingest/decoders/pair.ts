import { sha256, type Frame, type View } from '../../core/index.js';
import type { DecoderSession, ViewFrame, ViewsRequest } from './decoder.js';
import { mediaError } from './media-error.js';

/** Two files that show one scene from two eyes, as a description names them. */
export interface PairDescription {
  readonly schema: 1;
  readonly kind: 'pair';
  /** Absolute, or relative to the description's folder where both lie in the corpus. */
  readonly left: string;
  readonly right: string;
  /** Of folders of numbered pictures: frames per second as a fraction. */
  readonly rate?: readonly [number, number];
}

/** What `container` says of a pair: its pictures are the left eye and beside it the right one, each of full width. */
export const pairContainer = 'pair';

/** What a pair's content is: that of both files, and which is left. */
export function pairHash(left: string, right: string): string {
  return sha256(`pair\n${left}\n${right}\n`);
}

/**
 * Both eyes as one session: every picture is the left eye with the right one beside it, twice as wide. Each eye is
 * scaled by itself, to half of a view's width, so that nothing is mixed across the seam. Times and sound are the left
 * eye's; a picture that has no fellow within half a frame is left out.
 *
 * @param path of the description, for messages.
 * @throws MediaError `cannot-open` if the eyes differ in size.
 */
export function createPairSession(path: string, left: DecoderSession, right: DecoderSession): DecoderSession {
  const [l, r] = [left.media.video, right.media.video];
  if (l.width !== r.width || l.height !== r.height)
    throw mediaError('cannot-open', path, `its eyes differ in size: ${l.width}×${l.height} and ${r.width}×${r.height}`);
  const toLeft = (r.timeBase[0] * l.timeBase[1]) / (r.timeBase[1] * l.timeBase[0]);
  const shift = l.startPts - r.startPts * toLeft; // the two files begin together
  const ticks = l.timeBase[1] / (l.timeBase[0] * (l.averageRate > 0 ? l.averageRate : 25));
  const clock: PairClock = {
    toLeft: (pts) => pts * toLeft + shift,
    toRight: (pts) => Math.round((pts - shift) / toLeft),
    tolerance: ticks / 2,
  };
  const frames = (request: ViewsRequest) => pairFrames(left, right, request, clock);
  return {
    media: {
      container: pairContainer,
      video: {
        ...l,
        codedWidth: l.codedWidth * 2,
        width: l.width * 2,
        frames: Math.min(l.frames, r.frames),
        endPts: Math.min(l.endPts, Math.round(clock.toLeft(r.endPts))),
      },
      audio: left.media.audio,
    },
    async *frames({ view, ...request }) {
      for await (const { frame } of frames({ ...request, views: { view } })) yield frame;
    },
    viewFrames: (request) => frames({ ...request, crop: null }), // the eyes have bars of their own
    async framesAt(pts, view, signal) {
      const seen = await left.framesAt(pts, eyeView(view, 'left'), signal);
      const fellows = await right.framesAt(pts.map(clock.toRight), eyeView(view, 'right'), signal);
      return seen.map((frame, i) => beside(frame, fellows[i]!));
    },
    audio: (span, sampleRateHz, signal) => left.audio(span, sampleRateHz, signal),
    ...(left.sound ? { sound: (...asked) => left.sound!(...asked) } : {}),
    stats() {
      const [a, b] = [left.stats(), right.stats()];
      return {
        ...a,
        framesDecoded: a.framesDecoded + b.framesDecoded,
        damagedPackets: a.damagedPackets + b.damagedPackets,
      };
    },
    async close() {
      await left.close();
      await right.close();
    },
  };
}

interface PairClock {
  /** Ticks of the right eye as ticks of the left. */
  readonly toLeft: (pts: number) => number;
  readonly toRight: (pts: number) => number;
  /** Ticks of the left eye by which fellows may differ. */
  readonly tolerance: number;
}

async function* pairFrames(
  left: DecoderSession,
  right: DecoderSession,
  request: ViewsRequest,
  { toLeft, toRight, tolerance }: PairClock,
): AsyncGenerator<ViewFrame> {
  const { span, views } = request;
  const eye = (side: 'left' | 'right') =>
    Object.fromEntries(Object.entries(views).map(([name, view]) => [name, eyeView(view, side)]));
  const margin = Math.ceil(tolerance);
  const fellowSpan = span && { startPts: toRight(span.startPts - margin), endPts: toRight(span.endPts + margin) };
  const fellows = right.viewFrames({ ...request, span: fellowSpan, views: eye('right') })[Symbol.asyncIterator]();
  const waiting = new Map<string, Frame[]>(Object.keys(views).map((name) => [name, []]));
  let ended = false;
  /** Reads on until so many right pictures of a view wait, or there are no more. */
  const fill = async (queue: readonly Frame[], count: number): Promise<void> => {
    while (!ended && queue.length < count) {
      const next = await fellows.next();
      if (next.done) ended = true;
      else waiting.get(next.value.view)!.push(next.value.frame);
    }
  };
  /** The right picture nearest in time; those before it are dropped. */
  const find = async (name: string, pts: number): Promise<Frame | null> => {
    const queue = waiting.get(name)!;
    const distance = (at: number) => Math.abs(toLeft(queue[at]!.pts) - pts);
    await fill(queue, 2);
    while (queue[1] && distance(1) < distance(0)) {
      queue.shift();
      await fill(queue, 2);
    }
    return queue[0] && distance(0) <= tolerance ? queue.shift()! : null;
  };
  try {
    for await (const { view, frame } of left.viewFrames({ ...request, views: eye('left') })) {
      const fellow = await find(view, frame.pts);
      if (fellow) yield { view, frame: beside(frame, fellow) };
    }
  } finally {
    await fellows.return?.();
  }
}

/** A view of one eye: half as wide; of an odd width the left eye has the middle. */
function eyeView(view: View | null, side: 'left' | 'right'): View | null {
  if (!view) return null;
  const half = view.width / 2;
  const isFit = view.fit === 'contain';
  const width = Math.max(1, side === 'left' && !isFit ? Math.ceil(half) : Math.floor(half));
  // Pictures of the right eye wait for their fellows: they must not be written over meanwhile.
  return { ...view, width, reusesMemory: side === 'left' && view.reusesMemory === true };
}

/** Two pictures of one height as one. */
function beside(a: Frame, b: Frame): Frame {
  const { height, pts } = a;
  const channels = a.data.length / (a.width * height);
  const width = a.width + b.width;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    data.set(a.data.subarray(y * a.width * channels, (y + 1) * a.width * channels), y * width * channels);
    data.set(b.data.subarray(y * b.width * channels, (y + 1) * b.width * channels), (y * width + a.width) * channels);
  }
  return { data, width, height, pts };
}
