import type { Frame as AvFrame, SoftwareScaleContext } from 'node-av/lib';
import { conversionFlags, finishFrame, scaleFlags, scalesPlanes, type ViewPlan } from './geometry.js';
import { mediaError } from './media-error.js';
import type { NodeAv } from './node-av.js';

/** Turns decoded pictures into frames of one view; `free` gives its memory back. */
export interface Scaler {
  /**
   * uint8 [height, width, channels] of the plan; its own memory, unless the plan reuses it.
   *
   * @throws MediaError `decode-error` for a picture that cannot be scaled.
   */
  scale(picture: AvFrame): Uint8Array;
  free(): void;
}

/** A scaler of one file's pictures to one view; it follows those whose size or format changes on the way. */
export function createScaler(av: NodeAv, plan: ViewPlan, path: string): Scaler {
  const { constants } = av;
  const direct = createStep(av, scaleFlags(plan), path);
  const planes = createStep(av, scaleFlags(plan), path);
  const colours = createStep(av, conversionFlags(plan), path);
  const target = { width: plan.scaledWidth, height: plan.scaledHeight };
  const format = plan.channels === 3 ? constants.AV_PIX_FMT_RGB24 : constants.AV_PIX_FMT_GRAY8;
  const isPlanar = (picture: AvFrame) =>
    picture.format === constants.AV_PIX_FMT_YUV420P || picture.format === constants.AV_PIX_FMT_YUVJ420P;
  const shared = plan.reusesMemory ? new Uint8Array(plan.width * plan.height * plan.channels) : undefined;
  return {
    scale(picture) {
      let scaled: Scaled;
      if (isPlanar(picture) && scalesPlanes(plan, picture)) {
        const { colorSpace, colorRange } = picture;
        const small = planes.run(picture, { ...target, format: picture.format, colorSpace, colorRange });
        scaled = colours.run(small.frame, { ...target, format });
      } else scaled = direct.run(picture, { ...target, format });
      const { pixels, stride } = scaled.firstPlane();
      return finishFrame(pixels, stride, plan, shared);
    },
    free() {
      for (const step of [direct, planes, colours]) step.free();
    },
  };
}

/** What a picture is turned into. Colours that are not named are converted as the format has them. */
type Target = Pick<AvFrame, 'width' | 'height' | 'format'> & Partial<Pick<AvFrame, 'colorSpace' | 'colorRange'>>;

/** A picture that a step has written. */
interface Scaled {
  readonly frame: AvFrame;
  firstPlane(): { readonly pixels: Uint8Array; readonly stride: number };
}

/** One conversion and the picture that it writes. */
interface Step {
  /** The picture is valid until the next run. */
  run(picture: AvFrame, to: Target): Scaled;
  free(): void;
}

function createStep({ lib }: NodeAv, flags: string, path: string): Step {
  let made: ReturnType<typeof make> | null = null; // a file needs one or two of the three steps
  const make = () => {
    const context: SoftwareScaleContext = new lib.SoftwareScaleContext();
    context.allocContext();
    context.setOption('sws_flags', flags);
    const frame = new lib.Frame();
    frame.alloc();
    return { context, frame };
  };
  // Asked for once: each time the library makes a new view of the same memory, and the garbage collector has to take it away.
  let plane: ReturnType<Scaled['firstPlane']> | null = null;
  return {
    run(picture, { width, height, format, colorSpace, colorRange }) {
      const { context, frame } = (made ??= make());
      // Memory of the last run is written over; it costs a page fault for every 4 KiB to take it anew.
      if (frame.width !== width || frame.height !== height || frame.format !== format) {
        frame.unref();
        plane = null;
        [frame.width, frame.height, frame.format] = [width, height, format];
      }
      // Before the conversion: its first picture would come out in other colours than the rest.
      if (colorSpace !== undefined) frame.colorSpace = colorSpace;
      if (colorRange !== undefined) frame.colorRange = colorRange;
      const code = context.scaleFrameSync(frame, picture);
      if (code < 0)
        throw mediaError('decode-error', path, `a picture cannot be scaled (${lib.FFmpegError.strerror(code)})`);
      return { frame, firstPlane: () => (plane ??= { pixels: frame.data![0]!, stride: frame.linesize[0]! }) };
    },
    free() {
      made?.frame.free();
      made?.context.freeContext();
      [plane, made] = [null, null];
    },
  };
}
