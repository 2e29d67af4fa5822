import type { Fields, Frame, VideoSource } from '../../core/index.js';
import { encodeImage, resizeRgb } from '../../vision/index.js';
import type { MotionMasksConfig } from './config.js';
import { cutForeground, makeTriMap, scaleMap } from './mask.js';
import type { motionMasksSample } from './sample.js';
import type { JudgedFrame } from './scan.js';

/** What a frame with a mask brings along: its time, and the picture that is stored. */
export interface StoredFrame {
  readonly pts: number;
  readonly picture: Frame;
  /** Pixels of the picture for one of the source's display. */
  readonly scale: number;
}

/** The record of a frame: its picture and mask at stored size, and all that was measured. */
export async function toSample(
  frame: JudgedFrame<StoredFrame>,
  agreement: number,
  { video }: VideoSource,
  config: MotionMasksConfig,
): Promise<Fields<typeof motionMasksSample>> {
  const size = storedSize(frame.tag.picture, frame.tag.scale);
  const { width, height } = size;
  const { picture } = frame.tag;
  const data = resizeRgb(picture.data, picture.width, picture.height, width, height);
  const votes = scaleMap(frame.votes, frame, size);
  const foreground = cutForeground(votes, size, config);
  const triMap = makeTriMap(votes, foreground.mask, size, config);
  const { x, y, width: wide, height: high } = foreground.box ?? { x: 0, y: 0, width: 0, height: 0 };
  return {
    image: await encodeImage(data, width, height, 3, { format: 'jpeg', quality: config.jpegQuality }),
    mask: await encodeImage(triMap, width, height, 1, { format: 'png' }),
    ...(config.storeVotes
      ? {
          votes: {
            data: Uint8Array.from(frame.votes, (value) => Math.round(255 * value)),
            shape: [frame.height, frame.width],
          },
        }
      : {}),
    box: Float32Array.of(x, y, wide, high),
    area: foreground.area,
    borderShare: foreground.borderShare,
    components: foreground.components,
    agreement,
    stability: frame.stability,
    residual: Float32Array.from(frame.residual),
    inliers: Float32Array.from(frame.pairs, ({ inliers }) => inliers),
    homography: Float64Array.from(frame.pairs.flatMap(({ homography }) => [...homography])),
    gaps: Int32Array.from(frame.pairs, ({ gap }) => gap),
    frame: frame.frame,
    framesPerSecond: video.averageRate,
    scale: frame.width / width,
  };
}

/** No larger than the source shows it: enlarging adds bytes and nothing to see. */
function storedSize({ width, height }: Frame, scale: number): { readonly width: number; readonly height: number } {
  if (scale <= 1) return { width, height };
  return { width: Math.round(width / scale), height: Math.round(height / scale) };
}
