import { describe, expect, expectTypeOf, it } from 'vitest';
import { checkFields, fieldShape, type Fields, type NdArray, type SampleSpec } from '../../src/core/index.js';

const spec = {
  frames: { dtype: 'uint8', shape: [2, 3] },
  track: { dtype: 'float32', shape: [null, 4] },
  mask: { dtype: 'bool', shape: [null, null] },
  label: { dtype: 'int32', shape: [] },
  id: { dtype: 'int64', shape: [] },
  name: { dtype: 'string', shape: [], optional: true },
  pictures: { dtype: 'image', shape: [null] },
} as const satisfies SampleSpec;

const good: Fields<typeof spec> = {
  frames: new Uint8Array(6),
  track: new Float32Array(8),
  mask: { data: new Uint8Array(6), shape: [2, 3] },
  label: -3,
  id: 5n,
  pictures: [{ image: 'jpeg', data: new Uint8Array(1) }],
};

describe('checkFields', () => {
  it('takes what the spec declares', () => {
    checkFields(spec, good);
    checkFields(spec, { ...good, name: 'x' });
    expect(fieldShape('track', spec.track, good.track)).toEqual([2, 4]);
    expect(fieldShape('mask', spec.mask, good.mask)).toEqual([2, 3]);
  });

  it.each([
    ['a missing field', { label: undefined }, /label is missing/],
    ['an unknown field', { extra: 1 }, /extra is not in/],
    ['another dtype', { frames: new Float32Array(6) }, /frames must hold uint8, got Float32Array/],
    ['another length', { frames: new Uint8Array(5) }, /frames must have shape \[2, 3\]/],
    ['a length that fits no shape', { track: new Float32Array(7) }, /track must have shape \[\?, 4\]/],
    ['a ragged field without its shape', { mask: new Uint8Array(6) }, /free dimensions/],
    [
      'a shape that does not fit its data',
      { mask: { data: new Uint8Array(6), shape: [2, 2] } },
      /mask must have shape/,
    ],
    ['a fraction for an integer', { label: 1.5 }, /label must be one int32/],
    ['a number for int64', { id: 5 }, /id must be one int64/],
    ['raw bytes for a picture', { pictures: [new Uint8Array(3)] }, /pictures must hold image/],
  ])('refuses %s and names it', (_name, change, message) => {
    expect(() => checkFields(spec, { ...good, ...change })).toThrow(message);
  });

  it('types fields from the spec', () => {
    type F = Fields<typeof spec>;
    expectTypeOf<F['frames']>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<F['mask']>().toEqualTypeOf<NdArray<Uint8Array>>();
    expectTypeOf<F['label']>().toEqualTypeOf<number>();
    expectTypeOf<F['name']>().toEqualTypeOf<string | undefined>();
  });
});
