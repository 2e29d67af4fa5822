import type { Box, View } from '../../core/index.js';

/** How a coded picture becomes a view: scaled in its coded orientation, cropped, then turned. */
export interface ViewPlan {
  /** Size to which the coded picture is scaled, before turning. */
  readonly scaledWidth: number;
  readonly scaledHeight: number;
  /** Where the finished frame begins in that. */
  readonly left: number;
  readonly top: number;
  /** The scaled picture is turned upside down before that. */
  readonly flipped: boolean;
  /** Size of the finished frame. */
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Degrees clockwise. */
  readonly rotation: number;
  readonly filter: NonNullable<View['filter']>;
  /** Finished frames may share their memory. */
  readonly reusesMemory: boolean;
}

/** Flags of libswscale: the same bytes whatever vector instructions the machine has. */
export function scaleFlags({ filter }: Pick<ViewPlan, 'filter'>): string {
  return `${filter}+accurate_rnd+bitexact`;
}

/**
 * Whether a picture is scaled as it is coded, and its colours converted afterwards at the view's size, which is much less work than both at
 * once, and above 40 dB from it on filmed pictures. Only for 4:2:0 of 8 bits, and not for views much smaller than the picture, which would
 * lose colour; the fast conversion wants even heights.
 */
export function scalesPlanes(
  { scaledWidth, scaledHeight, channels }: ViewPlan,
  { width, height }: { readonly width: number; readonly height: number },
): boolean {
  const isScaled = scaledWidth !== width || scaledHeight !== height;
  const keepsColour = scaledWidth * 4 >= width * 3 && scaledHeight * 4 >= height * 3;
  return channels === 3 && isScaled && keepsColour && scaledHeight % 2 === 0;
}

/** Flags for converting colours after that. Accurate rounding would take the conversion's slow way. */
export function conversionFlags({ filter }: Pick<ViewPlan, 'filter'>): string {
  return `${filter}+bitexact`;
}

/** Size in square, upright pixels: the width is stretched by the sample aspect, then the picture is turned. */
export function displaySize(
  codedWidth: number,
  codedHeight: number,
  sampleAspect: readonly [number, number],
  rotation: number,
): { readonly width: number; readonly height: number } {
  const wide = Math.max(1, Math.round((codedWidth * sampleAspect[0]) / sampleAspect[1]));
  return rotation % 180 === 0 ? { width: wide, height: codedHeight } : { width: codedHeight, height: wide };
}

/** How a coded picture is held up for display: turned upside down if `flipped`, then turned clockwise. */
export interface Orientation {
  /** Degrees: 0, 90, 180 or 270. */
  readonly rotation: number;
  readonly flipped?: true;
}

/** The orientation of a container's display matrix: 9 little-endian int32. */
export function matrixOrientation(matrix: Uint8Array | null): Orientation {
  if (!matrix || matrix.byteLength < 36) return { rotation: 0 };
  const values = new DataView(matrix.buffer, matrix.byteOffset, matrix.byteLength);
  const at = (i: number) => values.getInt32(i * 4, true);
  return orientationOf([at(0), at(1), at(3), at(4)]);
}

/**
 * The orientation of a display matrix's upper left part, in rows: where it puts the picture's x axis, and its y axis. One that turns by
 * anything but quarters (more than 5° off) counts as none.
 */
export function orientationOf([a, b, c, d]: readonly [number, number, number, number]): Orientation {
  const scaleX = Math.hypot(a, c);
  const scaleY = Math.hypot(b, d);
  if (scaleX === 0 || scaleY === 0) return { rotation: 0 };
  const degrees = (Math.atan2(b / scaleY, a / scaleX) * 180) / Math.PI;
  const rotation = quarterTurn(degrees);
  const isTurn = Math.abs(degrees - Math.round(degrees / 90) * 90) <= 5;
  // Of a mirrored picture the y axis points the other way than turning the x axis by a quarter says.
  const across = (b * c) / (scaleX * scaleY) - (a * d) / (scaleX * scaleY);
  return isTurn && across > Math.cos(Math.PI / 36) ? { rotation, flipped: true } : { rotation };
}

/** The multiple of 90 in [0, 360) within 5° of an angle; 0 if there is none. */
export function quarterTurn(degrees: number): number {
  const turn = Math.round(degrees / 90) * 90;
  return Math.abs(degrees - turn) <= 5 ? ((turn % 360) + 360) % 360 : 0;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Plans a view of a picture.
 *
 * @param picture its size in square, upright pixels.
 * @param view null: display size, RGB.
 * @param bars the part of the picture, in its pixels, that a view `withoutBars` shows; null: all of it.
 */
export function planView(
  picture: Size & { readonly flipped?: true },
  rotation: number,
  view: View | null,
  bars: Box | null = null,
): ViewPlan {
  const content = view?.withoutBars && bars && isLarge(bars, picture) ? bars : null;
  const display = content ?? picture;
  const isSmaller = view?.neverEnlarges && display.width <= view.width && display.height <= view.height;
  const { width, height } = view && !isSmaller ? view : display;
  const wanted = { width, height, fit: view?.fit ?? ('stretch' as const), channels: view?.channels ?? (3 as const) };
  const ratios = [wanted.width / display.width, wanted.height / display.height] as const;
  let scaled = { width: wanted.width, height: wanted.height };
  if (wanted.fit !== 'stretch') {
    const ratio = wanted.fit === 'cover' ? Math.max(...ratios) : Math.min(...ratios);
    const size = (of: number, limit: number) =>
      wanted.fit === 'cover'
        ? Math.max(limit, Math.round(of * ratio))
        : Math.min(limit, Math.max(1, Math.round(of * ratio)));
    scaled = { width: size(display.width, wanted.width), height: size(display.height, wanted.height) };
  }
  const finished = { width: Math.min(scaled.width, wanted.width), height: Math.min(scaled.height, wanted.height) };
  return {
    ...(content ? placeContent(picture, content, scaled, finished, rotation) : placeCentre(scaled, finished, rotation)),
    ...finished,
    flipped: picture.flipped ?? false,
    channels: wanted.channels,
    rotation,
    filter: view?.filter ?? 'bicubic',
    reusesMemory: view?.reusesMemory ?? false,
  };
}

type Placement = Pick<ViewPlan, 'scaledWidth' | 'scaledHeight' | 'left' | 'top'>;

/** Less than an eighth of a side is no picture with bars. */
function isLarge(content: Size, picture: Size): boolean {
  return content.width * 8 >= picture.width && content.height * 8 >= picture.height;
}

/** The middle of the whole picture. */
function placeCentre(scaled: Size, finished: Size, rotation: number): Placement {
  const turn = ({ width, height }: Size): Size =>
    rotation % 180 === 0 ? { width, height } : { width: height, height: width };
  const [whole, cut] = [turn(scaled), turn(finished)];
  return {
    scaledWidth: whole.width,
    scaledHeight: whole.height,
    left: (whole.width - cut.width) >> 1,
    top: (whole.height - cut.height) >> 1,
  };
}

/** The middle of the content: the whole picture is scaled so far that the content has the wanted size. */
function placeContent(picture: Size, content: Box, scaled: Size, finished: Size, rotation: number): Placement {
  const across = fitContent(picture.width, content.x, content.width, scaled.width);
  const down = fitContent(picture.height, content.y, content.height, scaled.height);
  const x = across.start + ((scaled.width - finished.width) >> 1);
  const y = down.start + ((scaled.height - finished.height) >> 1);
  const right = across.length - x - finished.width;
  const below = down.length - y - finished.height;
  const isUpright = rotation % 180 === 0;
  return {
    scaledWidth: isUpright ? across.length : down.length,
    scaledHeight: isUpright ? down.length : across.length,
    left: rotation === 0 ? x : rotation === 90 ? y : rotation === 180 ? right : below,
    top: rotation === 0 ? y : rotation === 90 ? right : rotation === 180 ? below : x,
  };
}

/** The least length to which a side is scaled so that `wanted` whole pixels of the content are clear of its bars, and the first of them. */
function fitContent(
  side: number,
  from: number,
  size: number,
  wanted: number,
): { readonly length: number; readonly start: number } {
  for (let length = Math.max(wanted, Math.round((wanted * side) / size)); ; length++) {
    const first = Math.ceil((from * length) / side) + (from > 0 ? 1 : 0);
    const end = Math.floor(((from + size) * length) / side) - (from + size < side ? 1 : 0);
    if (end - first >= wanted) return { length, start: first + ((end - first - wanted) >> 1) };
  }
}

/**
 * Cuts a planned part out of a scaled picture and turns it upright.
 *
 * @param scaled rows of `scaledWidth` pixels of `channels` bytes, `stride` bytes apart.
 * @param out uint8 [height, width, channels], all of which is written; default: new memory.
 * @returns `out`.
 */
export function finishFrame(
  scaled: Uint8Array,
  stride: number,
  plan: ViewPlan,
  out = new Uint8Array(plan.width * plan.height * plan.channels),
): Uint8Array {
  const { channels, width, height, rotation, flipped } = plan;
  const upright = rotation % 180 === 0;
  const cropWidth = upright ? width : height;
  const cropHeight = upright ? height : width;
  const start = (flipped ? plan.scaledHeight - 1 - plan.top : plan.top) * stride + plan.left * channels;
  const down = flipped ? -stride : stride;
  if (rotation === 0) {
    const row = width * channels;
    if (down === row) out.set(scaled.subarray(start, start + row * height));
    else for (let y = 0; y < height; y++) out.set(scaled.subarray(start + y * down, start + y * down + row), y * row);
    return out;
  }
  for (let y = 0; y < cropHeight; y++) {
    for (let x = 0; x < cropWidth; x++) {
      const toX = rotation === 90 ? cropHeight - 1 - y : rotation === 180 ? cropWidth - 1 - x : y;
      const toY = rotation === 90 ? x : rotation === 180 ? cropHeight - 1 - y : cropWidth - 1 - x;
      const from = start + y * down + x * channels;
      const to = (toY * width + toX) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = scaled[from + c]!;
    }
  }
  return out;
}
