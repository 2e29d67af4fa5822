import type { View } from '../../core/index.js';

/** How a coded picture becomes a view: scaled in its coded orientation, cropped, then turned. */
export interface ViewPlan {
  /** Size to which the coded picture is scaled, before turning. */
  readonly scaledWidth: number;
  readonly scaledHeight: number;
  /** Size of the finished frame. */
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Degrees clockwise. */
  readonly rotation: number;
  readonly filter: NonNullable<View['filter']>;
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

/**
 * Clockwise degrees, 0, 90, 180 or 270, of a container's display matrix: 9 little-endian int32, of which the first two are the
 * picture's x axis. A matrix that turns by anything else (more than 5° off) counts as 0.
 */
export function matrixRotation(matrix: Uint8Array | null): number {
  if (!matrix || matrix.byteLength < 36) return 0;
  const values = new DataView(matrix.buffer, matrix.byteOffset, matrix.byteLength);
  const at = (i: number) => values.getInt32(i * 4, true);
  const scaleX = Math.hypot(at(0), at(3));
  const scaleY = Math.hypot(at(1), at(4));
  if (scaleX === 0 || scaleY === 0) return 0;
  return quarterTurn((Math.atan2(at(1) / scaleY, at(0) / scaleX) * 180) / Math.PI);
}

/** The multiple of 90 in [0, 360) within 5° of an angle; 0 if there is none. */
export function quarterTurn(degrees: number): number {
  const turn = Math.round(degrees / 90) * 90;
  return Math.abs(degrees - turn) <= 5 ? ((turn % 360) + 360) % 360 : 0;
}

/**
 * Plans a view of a picture.
 *
 * @param display its size in square, upright pixels.
 * @param view null: display size, RGB.
 */
export function planView(
  display: { readonly width: number; readonly height: number },
  rotation: number,
  view: View | null,
): ViewPlan {
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
  const upright = rotation % 180 === 0;
  return {
    scaledWidth: upright ? scaled.width : scaled.height,
    scaledHeight: upright ? scaled.height : scaled.width,
    width: Math.min(scaled.width, wanted.width),
    height: Math.min(scaled.height, wanted.height),
    channels: wanted.channels,
    rotation,
    filter: view?.filter ?? 'bicubic',
  };
}

/**
 * Cuts the centre out of a scaled picture and turns it upright.
 *
 * @param scaled rows of `scaledWidth` pixels of `channels` bytes, `stride` bytes apart.
 * @returns uint8 [height, width, channels], its own memory.
 */
export function finishFrame(scaled: Uint8Array, stride: number, plan: ViewPlan): Uint8Array {
  const { channels, width, height, rotation } = plan;
  const upright = rotation % 180 === 0;
  const cropWidth = upright ? width : height;
  const cropHeight = upright ? height : width;
  const left = (plan.scaledWidth - cropWidth) >> 1;
  const top = (plan.scaledHeight - cropHeight) >> 1;
  const out = new Uint8Array(width * height * channels);
  const start = top * stride + left * channels;
  if (rotation === 0) {
    const row = width * channels;
    if (stride === row) out.set(scaled.subarray(start, start + row * height));
    else
      for (let y = 0; y < height; y++) out.set(scaled.subarray(start + y * stride, start + y * stride + row), y * row);
    return out;
  }
  for (let y = 0; y < cropHeight; y++) {
    for (let x = 0; x < cropWidth; x++) {
      const toX = rotation === 90 ? cropHeight - 1 - y : rotation === 180 ? cropWidth - 1 - x : y;
      const toY = rotation === 90 ? x : rotation === 180 ? cropHeight - 1 - y : cropWidth - 1 - x;
      const from = start + y * stride + x * channels;
      const to = (toY * width + toX) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = scaled[from + c]!;
    }
  }
  return out;
}
