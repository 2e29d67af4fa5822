import { ConfigError, type EncodedImage, type Random, type Sample } from '../../core/index.js';
import type { clipSample } from '../../mining/clips/sample.js';
import type { Picture } from './crop-to-square.js';

/** What a task takes of a clip. */
export interface WantedClip {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** 1: luma, 3: RGB. */
  readonly channels: number;
  /** Whether the cut moves while learning, else it is the middle. */
  readonly movesCut: boolean;
  /** Whether left and right are swapped half of the time while learning. */
  readonly mirrors: boolean;
  /** How many times clips are enlarged at most while learning; default 1. Only a smaller part of them is seen then. */
  readonly zoom?: number;
}

/** Picture codecs and scaling, which only a prepare module may load. */
export interface PictureTools {
  readonly decode: (image: EncodedImage) => Promise<Picture>;
  /** uint8 [height, width, channels] at another size. */
  readonly resize: (
    data: Uint8Array,
    width: number,
    height: number,
    toWidth: number,
    toHeight: number,
    channels: number,
  ) => Uint8Array;
}

/**
 * A stretch of a stored clip at a task's length and size: the largest cut of its aspect, scaled, the same for all frames. While learning
 * (`random` is there) stretch, cut, enlargement and mirroring are drawn; else they are the first frames and the middle, and nothing is enlarged or swapped.
 *
 * @returns uint8 [frames, height, width, channels].
 * @throws ConfigError if the clip has fewer frames.
 */
export async function readClip(
  sample: Sample,
  wanted: WantedClip,
  { decode, resize, random }: PictureTools & { readonly random: Random | null },
): Promise<Uint8Array> {
  const { key, fields } = sample as unknown as Sample<typeof clipSample>;
  const [length, height, width, channels] = fields.size as unknown as [number, number, number, number];
  if (length < wanted.frames)
    throw new ConfigError(
      `Clip ${key} has ${length} frames, frames is ${wanted.frames}. Mine longer clips (--set length=${wanted.frames}) or set frames=${length}.`,
      { context: { key, length, frames: wanted.frames } },
    );
  const first = random ? random.int(length - wanted.frames + 1) : 0;
  const { zoom = 1 } = wanted;
  const box = coverBox({ width, height }, wanted, {
    zoom: random && zoom > 1 ? Math.exp(random.float() * Math.log(zoom)) : 1,
    place: (room) => (random && wanted.movesCut ? random.int(room + 1) : Math.floor(room / 2)),
  });
  const mirror = random !== null && wanted.mirrors && random.float() < 0.5;
  const out = new Uint8Array(wanted.frames * wanted.height * wanted.width * wanted.channels);
  for (let i = 0; i < wanted.frames; i++) {
    const picture: Picture = fields.images
      ? await decode(fields.images[first + i]!)
      : { data: rawFrame(fields.frames!.data, first + i, width * height * channels), width, height, channels };
    const cut = cutPicture(picture, { box, channels: wanted.channels, mirror });
    const scaled = resize(cut, box.width, box.height, wanted.width, wanted.height, wanted.channels);
    out.set(scaled, i * scaled.length);
  }
  return out;
}

/** The largest part with the wanted aspect, or one `zoom` times smaller, in whole pixels; `place` chooses where, from 0 to the room that is left. */
function coverBox(
  from: { readonly width: number; readonly height: number },
  to: { readonly width: number; readonly height: number },
  { zoom, place }: { readonly zoom: number; readonly place: (room: number) => number },
) {
  const side = (own: number, other: number) => Math.max(1, Math.round(Math.min(own, Math.round(other)) / zoom));
  const width = side(from.width, (from.height * to.width) / to.height);
  const height = side(from.height, (from.width * to.height) / to.width);
  return { x: place(from.width - width), y: place(from.height - height), width, height };
}

function rawFrame(frames: Uint8Array, index: number, bytes: number): Uint8Array {
  return frames.subarray(index * bytes, (index + 1) * bytes);
}

/** A part of a picture in other colours: RGB becomes its luma, and luma is copied to all three. */
function cutPicture(
  { data, width, channels: has }: Picture,
  {
    box,
    channels,
    mirror,
  }: {
    readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
    readonly channels: number;
    readonly mirror: boolean;
  },
): Uint8Array {
  const out = new Uint8Array(box.width * box.height * channels);
  for (let y = 0, to = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++, to += channels) {
      const from = ((box.y + y) * width + box.x + (mirror ? box.width - 1 - x : x)) * has;
      if (channels === 1 && has === 3) {
        // BT.601 in 16 bits
        out[to] = (19595 * data[from]! + 38470 * data[from + 1]! + 7471 * data[from + 2]! + 32768) >> 16;
      } else for (let c = 0; c < channels; c++) out[to + c] = data[from + (has === 3 ? c : 0)]!;
    }
  }
  return out;
}
