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
}

/** Compresses raw pictures for a page, in their order; wider ones are first scaled down to `maxWidth` pixels. */
export async function encodePictures(
  pictures: readonly RawPicture[],
  {
    format = 'jpeg',
    quality = 82,
    maxWidth = 320,
  }: { readonly format?: 'jpeg' | 'png' | 'webp'; readonly quality?: number; readonly maxWidth?: number } = {},
): Promise<ReportPicture[]> {
  const out: ReportPicture[] = [];
  for (const { data, width: from, height: rows, channels = 3, caption, alt } of pictures) {
    const width = Math.min(from, maxWidth);
    const height = Math.max(1, Math.round((rows * width) / from));
    const scaled = resizeRgb(data, from, rows, width, height, channels);
    const image = await encodeImage(scaled, width, height, channels, { format, quality });
    out.push({ image, width, height, caption, ...(alt === undefined ? {} : { alt }) });
  }
  return out;
}

/** A picture that carries its bytes with it. */
export function pictureMarkup(picture: ReportPicture): Markup {
  const { image, width, height, caption, alt = caption } = picture;
  const bytes = Buffer.from(image.data.buffer, image.data.byteOffset, image.data.byteLength).toString('base64');
  return html`<img
    src="data:image/${image.image};base64,${bytes}"
    width="${width}"
    height="${height}"
    alt="${alt}"
    loading="lazy"
  />`;
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
