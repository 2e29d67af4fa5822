import { expect, test } from 'vitest';
import { loadOpencv, withMats } from '../../src/vision/index.js';
import { opencvFlow } from './opencv-flow.js';

test('loads once and leaves the handlers of the process as they were', () => {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const own = (): void => {};
  process.on('unhandledRejection', own);
  try {
    const before = events.map((event) => process.rawListeners(event));
    const cv = loadOpencv();
    expect(cv.getBuildInformation()).toContain('4.3.0');
    expect(loadOpencv()).toBe(cv);
    expect(events.map((event) => process.rawListeners(event))).toEqual(before);
  } finally {
    process.removeListener('unhandledRejection', own);
  }
});

test('frees what was held, newest first, also when the work throws', () => {
  const freed: string[] = [];
  const native = (name: string) => ({ delete: () => void freed.push(name) });
  expect(withMats((hold) => [hold(native('a')), hold(native('b'))].length)).toBe(2);
  expect(freed).toEqual(['b', 'a']);
  const failing = () =>
    withMats((hold) => {
      hold(native('c'));
      throw new RangeError('no');
    });
  expect(failing).toThrow(RangeError);
  expect(freed).toEqual(['b', 'a', 'c']);
});

test('says in words what OpenCV refused', () => {
  const mixed = () =>
    withMats((hold, cv) => {
      const a = hold(new cv.Mat(8, 8, cv.CV_8UC1));
      const b = hold(new cv.Mat(9, 8, cv.CV_8UC1));
      cv.calcOpticalFlowFarneback(a, b, hold(new cv.Mat()), 0.5, 1, 5, 1, 5, 1.1, 0);
    });
  expect(mixed).toThrow(/^OpenCV: .*size/);
});

test('does not grow the memory of OpenCV over many flows', () => {
  const picture = Uint8Array.from({ length: 160 * 120 }, (_, i) => (i * i) % 251);
  opencvFlow(picture, picture, 160, 120);
  const heap = () => (loadOpencv() as unknown as { HEAPU8: Uint8Array }).HEAPU8.length;
  const before = heap();
  for (let i = 0; i < 100; i++) opencvFlow(picture, picture, 160, 120);
  expect(heap()).toBe(before);
});
