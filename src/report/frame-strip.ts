import { encodeImage, resizeRgb } from '../vision/index.js';
import type { Fact, FrameStrip, MotionCurve, ReportPicture } from './data.js';
import { motionCurve } from './drawing.js';
import { html, type Markup } from './html.js';
import { factList } from './page.js';

/** Raw pixels and their words. */
export interface RawPicture {
  /** uint8 [height, width, channels], row-major: RGB for 3 channels, luma for 1. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels?: 1 | 3;
  readonly caption: string;
  readonly alt?: string;
  /** A WAV file that is heard with it. */
  readonly wave?: Uint8Array;
}

/** Frames that the page plays, each as a raw picture's `data`, and their words. */
export interface RawClip extends Omit<RawPicture, 'data' | 'wave'> {
  readonly frames: readonly Uint8Array[];
  readonly framesPerSecond: number;
}

/** Compresses raw pictures for a page, in their order; wider ones are first scaled down to `maxWidth` pixels. */
export async function encodePictures(
  pictures: readonly (RawPicture | RawClip)[],
  {
    format = 'jpeg',
    quality = 82,
    maxWidth = 320,
    maxClipWidth = Math.min(maxWidth, clipWidth),
  }: {
    readonly format?: 'jpeg' | 'png' | 'webp';
    readonly quality?: number;
    readonly maxWidth?: number;
    /** Of what the page plays. */
    readonly maxClipWidth?: number;
  } = {},
): Promise<ReportPicture[]> {
  const out: ReportPicture[] = [];
  for (const picture of pictures) {
    if ('frames' in picture) {
      if (picture.frames.length > 0) out.push(await encodeClip(picture, { maxWidth: maxClipWidth }));
      continue;
    }
    const { data, width: from, height: rows, channels = 3, caption, alt, wave } = picture;
    const width = Math.min(from, maxWidth);
    const height = Math.max(1, Math.round((rows * width) / from));
    const scaled = resizeRgb(data, from, rows, width, height, channels);
    const image = await encodeImage(scaled, width, height, channels, { format, quality });
    out.push({
      image,
      width,
      height,
      caption,
      ...(alt === undefined ? {} : { alt }),
      ...(wave ? { wave } : {}),
    });
  }
  return out;
}

const clipWidth = 240;
const clipFrames = 32;
const clipQuality = 72;
const tallestImage = 16_000; // a WebP may have 16,383 rows

/** At most `clipFrames` of a clip's frames, evenly spread, as one tall picture that style alone can play. */
async function encodeClip(clip: RawClip, { maxWidth }: { readonly maxWidth: number }): Promise<ReportPicture> {
  const { frames: all, framesPerSecond, width: from, height: rows, channels = 3, caption, alt } = clip;
  const count = Math.min(all.length, clipFrames);
  const frames = Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]!);
  const widest = Math.floor(((tallestImage / count) * from) / rows);
  const width = Math.max(1, Math.min(from, maxWidth, widest));
  const height = Math.max(1, Math.round((rows * width) / from));
  const tall = new Uint8Array(count * width * height * channels);
  frames.forEach((frame, i) => {
    tall.set(resizeRgb(frame, from, rows, width, height, channels), i * width * height * channels);
  });
  const image = await encodeImage(tall, width, height * count, channels, { format: 'webp', quality: clipQuality });
  const seconds = all.length / framesPerSecond;
  return { image, clip: { frames: count, seconds }, width, height, caption, ...(alt === undefined ? {} : { alt }) };
}

/** A picture that carries its bytes with it; a clip plays by itself, stands still under the pointer and where motion is unwelcome. */
export function pictureMarkup(picture: ReportPicture): Markup {
  const { image, clip, wave, width, height, caption, alt = caption } = picture;
  const bytes = Buffer.from(image.data.buffer, image.data.byteOffset, image.data.byteLength).toString('base64');
  const source = `data:image/${image.image};base64,${bytes}`;
  if (clip) {
    const style = [
      `aspect-ratio:${width}/${height}`,
      `background-image:url(${source})`,
      `background-size:100% ${clip.frames * 100}%`,
      `animation-duration:${clip.seconds.toFixed(2)}s`,
      `animation-timing-function:steps(${Math.max(2, clip.frames)},jump-none)`,
    ].join(';');
    return html`<div
      class="clip"
      role="img"
      tabindex="0"
      aria-label="${alt} (${clip.frames} frames in ${clip.seconds.toFixed(1)} seconds)"
      style="${style}"
    ></div>`;
  }
  const still = html`<img src="${source}" width="${width}" height="${height}" alt="${alt}" loading="lazy" />`;
  if (!wave) return still;
  const sound = Buffer.from(wave.buffer, wave.byteOffset, wave.byteLength).toString('base64');
  return html`${still}<audio
      controls=""
      preload="none"
      aria-label="${alt}"
      src="data:audio/wav;base64,${sound}"
    ></audio>`;
}

/** Pictures side by side, each over its caption. */
export function filmMarkup(pictures: readonly ReportPicture[], kind: 'film' | 'strip'): Markup {
  const few = kind === 'strip' && pictures.length < 5 ? ' few' : '';
  return html`<div class="${kind}${few}" tabindex="0" role="group" aria-label="${pictures.length} frames">
    ${pictures.map(
      (picture) =>
        html`<figure>
          ${pictureMarkup(picture)}${picture.caption !== '' && html`<figcaption>${picture.caption}</figcaption>`}
        </figure>`,
    )}
  </div>`;
}

/** One mined sample: its frames, where they were taken on the motion curve, and its figures. */
export function stripCard(strip: FrameStrip): Markup {
  return html`<article class="card${strip.curve ? ' sample' : ''}">
    <div class="row"><h4>${strip.title}</h4></div>
    ${filmMarkup(strip.pictures, 'strip')}
    <div class="side">${strip.curve && curveMarkup(strip.curve)} ${strip.facts && stripFacts(strip.facts)}</div>
  </article>`;
}

/** Many figures are folded away: the pictures come first. */
function stripFacts(facts: readonly Fact[]): Markup | false {
  if (facts.length <= 6) return facts.length > 0 && factList(facts);
  return html`<details>
    <summary>${facts.length} figures</summary>
    ${factList(facts)}
  </details>`;
}

function curveMarkup(curve: MotionCurve): Markup | false {
  return curve.values.length > 1 && motionCurve(curve);
}
