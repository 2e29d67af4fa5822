import { MediaError, type AudioStream, type TimeBase, type VideoStream } from '../../core/index.js';
import type { ProbedMedia } from './decoder.js';
import { displaySize, quarterTurn } from './geometry.js';
import { assertPixels, assertWithin, defaultLimits, type MediaLimits } from './media-limits.js';

/** What the `showinfo` filter says of one frame. */
export interface ShownFrame {
  readonly pts: number;
  /** Ticks; 0 if unknown. */
  readonly duration: number;
  readonly sampleAspect: readonly [number, number];
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  /** Where colour samples lie: `left`, `center`, …; `unspecified`. */
  readonly chromaLocation: string;
}

/** Reads one line of ffmpeg's log; null if it is not about a frame. */
export function parseShowinfo(line: string): ShownFrame | null {
  const [, pts, duration, sarNum, sarDen, width, height, scan] =
    /\bn: *\d+ pts: *(-?\d+|NOPTS) .*?(?:duration: *(-?\d+) .*?)?sar:(\d+)\/(\d+) s:(\d+)x(\d+) i:(\S)/.exec(line) ??
    [];
  if (pts === undefined) return null;
  const aspect = [Number(sarNum), Number(sarDen)] as const;
  return {
    pts: Number(pts),
    duration: Math.max(0, Number(duration ?? 0)),
    sampleAspect: aspect[0] > 0 && aspect[1] > 0 ? aspect : [1, 1],
    width: Number(width),
    height: Number(height),
    interlaced: scan === 'T' || scan === 'B',
    chromaLocation: / cl:(\w+) /.exec(line)?.[1] ?? 'unspecified',
  };
}

/** What the `scale` filter has to be told of where colour samples lie, since it does not look: its options, or an empty text. */
export function chromaOptions(pixelFormat: string, chromaLocation: string): string {
  const halved = /^(?:yuv[aj]?4(20|22)|nv(?:12|21)|p01)/.exec(pixelFormat);
  if (!halved || !['left', 'topleft'].includes(chromaLocation)) return '';
  const vertical = halved[1] === '22' ? '' : `:in_v_chr_pos=${chromaLocation === 'left' ? 128 : 0}`;
  return `:in_h_chr_pos=0${vertical}`;
}

/**
 * What `ffmpeg -i FILE -vf showinfo -frames:v 1 -f null -` logs of a file, and what scaling its pictures needs to be told.
 *
 * @throws MediaError `cannot-open`, `no-video`, `over-limit`, `unsupported-codec` or `no-frames`.
 */
export function parseProbe(
  path: string,
  log: string,
  limits: MediaLimits = defaultLimits,
): { readonly media: ProbedMedia; readonly chroma: string } {
  const lines = log.split(/\r?\n/);
  const fail = (code: ConstructorParameters<typeof MediaError>[0], why: string) =>
    new MediaError(code, `${path}: ${why}.`, { context: { path, stderr: lines.slice(-8).join('\n') } });
  const [, container] = /^Input #0, (.+), from /m.exec(log) ?? [];
  if (container === undefined && /Number of streams exceeds max_streams/.test(log))
    throw fail('over-limit', `it has more streams than the limit of ${limits.streams}`);
  if (container === undefined)
    throw fail(
      'cannot-open',
      `ffmpeg cannot open it (${lines.findLast((line) => line.trim() !== '') ?? 'no message'})`,
    );
  // Text after the mapping describes outputs.
  const inputs = streamTexts(lines.slice(0, lines.findIndex((line) => /^(Stream mapping:|Output #)/.test(line)) >>> 0));
  const pictures = inputs.filter(({ text }) => text.includes(': Video: ') && !text.includes('(attached pic)'));
  assertWithin(path, 'streams', inputs.length, limits.streams);
  if (pictures.length === 0) throw fail('no-video', 'it has no picture stream');
  const [, mapped] = /^ *Stream #0:(\d+) -> #0:0/m.exec(log) ?? [];
  const picture = pictures.find(({ index }) => index === Number(mapped)) ?? pictures[0]!;
  const [, width, height] = /: Video: .*?, (\d+)x(\d+)/.exec(picture.text) ?? [];
  assertPixels(path, limits, Number(width ?? 0), Number(height ?? 0));
  if (/Decoding requested, but no decoder found|Unknown decoder|\(none\)/.test(log))
    throw fail('unsupported-codec', 'ffmpeg has no decoder for it');
  const shown = lines.map(parseShowinfo).find((frame) => frame !== null);
  const [, num, den] = /config in time_base: (\d+)\/(\d+)/.exec(log) ?? [];
  // The program's own message may be of another stream, as long as pictures came.
  if (!shown && /Picture size \S+ exceeds specified max pixel count/.test(log))
    throw fail('over-limit', `a picture has more than ${limits.pixels} pixels`);
  if (!shown || num === undefined) throw fail('no-frames', 'not one picture could be decoded');
  const [, hours, minutes, seconds] = /^ *Duration: (\d+):(\d+):([\d.]+)/m.exec(log) ?? [];
  const durationSeconds = hours === undefined ? 0 : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const sounds = inputs.filter(({ text }) => text.includes(': Audio: '));
  const sound = sounds.toSorted((a, b) => bitRate(b) - bitRate(a))[0];
  const video = describeVideo(picture, shown, [Number(num), Number(den)], durationSeconds);
  return {
    media: {
      container,
      video,
      audio: sound ? describeAudio(sound, durationSeconds) : null,
      streams: inputs.length,
    },
    chroma: chromaOptions(video.pixelFormat, shown.chromaLocation),
  };
}

function bitRate({ text }: StreamText): number {
  return Number(/, (\d+) kb\/s/.exec(text)?.[1] ?? 0);
}

interface StreamText {
  readonly index: number;
  readonly text: string;
}

/** Each input stream's line and those below it, up to the next stream. */
function streamTexts(lines: readonly string[]): readonly StreamText[] {
  const out: { index: number; text: string }[] = [];
  for (const line of lines) {
    const [, index] = /^ *Stream #0:(\d+)/.exec(line) ?? [];
    if (index !== undefined) out.push({ index: Number(index), text: line });
    else if (out.length > 0) out.at(-1)!.text += `\n${line}`;
  }
  return out;
}

function describeVideo(
  { index, text }: StreamText,
  shown: ShownFrame,
  timeBase: TimeBase,
  durationSeconds: number,
): VideoStream {
  const [, codec = 'unknown'] = /: Video: ([\w-]+)/.exec(text) ?? [];
  const [, pixelFormat = 'unknown', notes = ''] = /: Video: .*?, (\w+)(?:\(([^)]*)\))?, .*?\d+x\d+/.exec(text) ?? [];
  const [, degrees = '0'] = /display ?matrix: rotation of (-?[\d.]+) degrees/i.exec(text) ?? [];
  const [, rate = '0'] = /, ([\d.]+k?) fps/.exec(text) ?? [];
  const rotation = quarterTurn(-Number(degrees));
  return {
    index,
    codec,
    pixelFormat,
    codedWidth: shown.width,
    codedHeight: shown.height,
    ...displaySize(shown.width, shown.height, shown.sampleAspect, rotation),
    rotation,
    sampleAspect: shown.sampleAspect,
    timeBase,
    startPts: shown.pts,
    endPts: shown.pts + Math.round((durationSeconds * timeBase[1]) / timeBase[0]),
    durationSeconds,
    frames: 0,
    averageRate: Number.parseFloat(rate) * (rate.endsWith('k') ? 1000 : 1),
    variableRate: false,
    interlaced: shown.interlaced,
    colorRange: /\btv\b/.test(notes) ? 'limited' : /\bpc\b/.test(notes) ? 'full' : 'unknown',
  };
}

function describeAudio({ index, text }: StreamText, durationSeconds: number): AudioStream {
  const [, codec = 'unknown', rate = '0', layout = ''] = /: Audio: ([\w-]+).*?, (\d+) Hz, ([^,]+)/.exec(text) ?? [];
  const [, start = '0'] = /, start (-?[\d.]+)/.exec(text) ?? [];
  const channels = { mono: 1, stereo: 2, quad: 4, '5.1': 6, '7.1': 8 }[layout.replace(/\(.*\)/, '').trim()];
  return {
    index,
    codec,
    sampleRateHz: Number(rate),
    channels: channels ?? (Number.parseInt(layout, 10) || 1),
    startSeconds: Number(start),
    durationSeconds,
  };
}
