import type { Frame as AvFrame, SoftwareScaleContext } from 'node-av/lib';
import { finishFrame, scaleFlags, type ViewPlan } from './geometry.js';
import type { NodeAv } from './node-av.js';

/** Turns decoded pictures into frames of one view; `free` gives its memory back. */
export interface Scaler {
  /** uint8 [height, width, channels] of the plan, its own memory. */
  scale(picture: AvFrame): Uint8Array;
  free(): void;
}

/** A scaler to one view; it follows pictures whose size or format changes on the way. */
export function createScaler({ lib, constants }: NodeAv, plan: ViewPlan): Scaler {
  const context: SoftwareScaleContext = new lib.SoftwareScaleContext();
  context.allocContext();
  context.setOption('sws_flags', scaleFlags(plan));
  const target = new lib.Frame();
  target.alloc();
  return {
    scale(picture) {
      target.width = plan.scaledWidth;
      target.height = plan.scaledHeight;
      target.format = plan.channels === 3 ? constants.AV_PIX_FMT_RGB24 : constants.AV_PIX_FMT_GRAY8;
      try {
        lib.FFmpegError.throwIfError(context.scaleFrameSync(target, picture), 'scale');
        return finishFrame(target.data![0]!, target.linesize[0]!, plan);
      } finally {
        target.unref();
      }
    },
    free() {
      target.free();
      context.freeContext();
    },
  };
}
