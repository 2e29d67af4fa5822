import type { Sample } from '../../../src/core/index.js';
import type { SvgLpConfig } from '../../../src/models/svg-lp/config.js';
import { prepare } from '../../../src/models/svg-lp/prepare.js';
import { createLoader } from '../loader.js';
import { makeRecord as makeClip } from '../prednet/records.js';

/** A clips record made here: a bright square that runs over a dark ground, in frames of 16×16. */
export function makeRecord(seed: number, options: Parameters<typeof makeClip>[1] = {}): Promise<Sample> {
  return makeClip(seed, { length: 7, width: 16, height: 16, ...options });
}

export const { makeBatch, makeSource } = createLoader<SvgLpConfig>(prepare);
