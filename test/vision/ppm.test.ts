import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodePpm, isPpm } from '../../src/vision/index.js';
import { testData } from '../fixtures/test-data.js';

const file = (head: string, ...bytes: number[]) => Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(bytes)]);

describe('decodePpm', () => {
  it('reads colours and greys, whatever white space and comments the header has', () => {
    const wanted = { data: Uint8Array.of(1, 2, 3, 4, 5, 255), width: 2, height: 1, channels: 3 };
    expect(decodePpm(file('P6\n2 1\n255\n', 1, 2, 3, 4, 5, 255))).toEqual(wanted);
    expect(decodePpm(file('P6 # made by hand\n# 9 9\n2\t1\r\n255 ', 1, 2, 3, 4, 5, 255))).toEqual(wanted);
    const grey = { data: Uint8Array.of(10, 35), width: 1, height: 2, channels: 1 };
    expect(decodePpm(file('P5 1 2 255\n', 10, 35, 99))).toEqual(grey); // what follows is another picture
  });

  it('keeps a first pixel that looks like white space or a comment', () => {
    expect(decodePpm(file('P5 2 1 255\n', 0x0a, 0x23)).data).toEqual(Uint8Array.of(0x0a, 0x23));
  });

  it('scales values of another range to 0–255', () => {
    expect(decodePpm(file('P5 4 1 15\n', 0, 1, 15, 16)).data).toEqual(Uint8Array.of(0, 17, 255, 255));
  });

  it('refuses what is no such picture, is deeper, or lacks pixels', () => {
    for (const head of [
      'P3 1 1 255\n',
      'P6',
      'P6 a',
      'P6 0 1 255\n',
      'P6 1 1 65535\n',
      'P6 1 1 255\n',
      'P6 1 1 255',
      'P6x',
    ])
      expect(() => decodePpm(file(head, 1, 2)), head).toThrow(/PPM/);
    expect(isPpm(file('P6\n'))).toBe(true);
    expect(isPpm(file('P4\n'))).toBe(false);
  });

  it('never runs off the end, wherever a file is cut', () => {
    const whole = file('P6 # c\n2 1\n255\n', 1, 2, 3, 4, 5, 6);
    for (let length = 0; length < whole.length; length++)
      expect(() => decodePpm(whole.subarray(0, length))).toThrow(Error);
  });

  it('reads the pictures of Flying Chairs as they lie in the file', (context) => {
    const folder = testData();
    if (folder === null) return context.skip('the shared test data are not here: set REELMINE_TEST_DATA');
    const bytes = readFileSync(join(folder, 'flow', 'chairs_like', '0img0.ppm'));
    const { data, width, height, channels } = decodePpm(bytes);
    expect([width, height, channels]).toEqual([512, 384, 3]);
    expect(Buffer.compare(data, bytes.subarray(bytes.length - 512 * 384 * 3))).toBe(0);
  });
});
