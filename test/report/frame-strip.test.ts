import { expect, it } from 'vitest';
import { decodeImage } from '../../src/vision/index.js';
import { encodePictures } from '../../src/report/index.js';
import { pictureMarkup } from '../../src/report/frame-strip.js';
import { motionCurve, shotTimeline } from '../../src/report/drawing.js';
import { checkMarkup } from './balanced.js';
import { drawDisc } from './fixture.js';

it('puts the very bytes of the picture into the page', async () => {
  const data = drawDisc(40, 30, 0.5, 10);
  const [picture] = await encodePictures([{ data, width: 40, height: 30, caption: 'c "1"' }], { format: 'png' });
  const markup = String(pictureMarkup(picture!));
  const [, base64 = ''] = /src="data:image\/png;base64,([^"]*)"/.exec(markup)!;
  const decoded = await decodeImage({ image: 'png', data: Buffer.from(base64, 'base64') });
  expect(Buffer.compare(decoded.data, data)).toBe(0);
  expect(checkMarkup(markup).elements[0]!.attributes).toMatchObject({
    width: '40',
    height: '30',
    alt: 'c &#34;1&#34;',
  });
});

it('lets a picture be heard, with the very bytes of its sound', async () => {
  const data = drawDisc(40, 30, 0.5, 10);
  const wave = Uint8Array.from({ length: 60 }, (_, i) => i);
  const [picture] = await encodePictures([{ data, width: 40, height: 30, caption: 'rain', wave }]);
  const markup = String(pictureMarkup(picture!));
  const [, base64 = ''] = /<audio\s[^>]*src="data:audio\/wav;base64,([^"]*)"/.exec(markup)!;
  expect([...Buffer.from(base64, 'base64')]).toEqual([...wave]);
  const { elements, faults } = checkMarkup(markup);
  expect([elements.map(({ name }) => name), faults]).toEqual([['img', 'audio'], []]);
});

it('scales wide pictures down in proportion', async () => {
  const [picture] = await encodePictures(
    [{ data: drawDisc(400, 300, 0.5, 10), width: 400, height: 300, caption: '' }],
    { maxWidth: 100 },
  );
  expect([picture!.width, picture!.height]).toEqual([100, 75]);
  expect(await decodeImage(picture!.image)).toMatchObject({ width: 100, height: 75, channels: 3 });
});

it('draws one block for each shot, in proportion to its time', () => {
  const shots = [
    { index: 0, startPts: 100, endPts: 200, crop: null },
    { index: 1, startPts: 200, endPts: 500, crop: null },
  ];
  const svg = String(shotTimeline({ shots, timeBase: [1, 100], startPts: 100, endPts: 500 }));
  const blocks = [...svg.matchAll(/x="([\d.]+)"\s+y="0"\s+width="([\d.]+)"/g)].map(([, x, width]) => [
    Number(x),
    Number(width) + 2,
  ]);
  expect(blocks).toEqual([
    [0, 110],
    [110, 330],
  ]);
});

it('marks the window and the moments on the motion curve where they are in time', () => {
  const svg = String(
    motionCurve({
      seconds: [0, 1, 2, 4],
      values: [0, 4, NaN, 2],
      unit: 'px',
      window: [1, 3],
      marks: [{ label: 'a', seconds: 1 }],
    }),
  );
  expect(svg).toMatch(/<rect\s+x="110"\s+y="14"\s+width="220"/);
  expect(svg).toMatch(/x="110"\s+y="11"[^>]*>a<\/text/);
  expect(svg).toContain('d="M0 74L110 18L440 46"'); // the middle value is missing, the top is 4
  expect(checkMarkup(svg).faults).toEqual([]);
});

it('draws sound as high as it is loud beside its loudest moment', () => {
  const picture = { shots: [], timeBase: [1, 25], startPts: 0, endPts: 100 } as const;
  const path = (envelope: readonly number[]) =>
    / d="([^"]*)"/.exec(String(shotTimeline({ ...picture, envelope })))?.[1];
  expect(path([0, 0.02, 0.01])).toBe('M0 41.5L220 23.5L440 32.5L440 51.5L220 60.5L0 42.5Z');
  expect(path([0, 0.2, 0.1])).toBe(path([0, 0.02, 0.01]));
  expect(path([0, 0, 0])).toBe('M0 41.5L220 41.5L440 41.5L440 42.5L220 42.5L0 42.5Z');
});

it('puts the frames of a clip under one another, few enough to be played by style alone', async () => {
  const frames = Array.from({ length: 40 }, (_, i) => drawDisc(300, 200, i / 40, 10));
  const size = { width: 300, height: 200, caption: 'moves' };
  const clip = { ...size, frames, framesPerSecond: 25 };
  const [picture, ...others] = await encodePictures([clip, { ...clip, frames: [] }]);
  expect(others).toEqual([]);
  expect(picture).toMatchObject({ clip: { frames: 32, seconds: 1.6 }, width: 240, height: 160 });
  const tall = await decodeImage(picture!.image);
  expect([tall.width, tall.height]).toEqual([240, 32 * 160]);
  // The 20th of 32 is the middle of its share of 40 frames, up to what compression leaves.
  const [wanted] = await encodePictures([{ ...size, data: frames[24]! }], { maxWidth: 240, format: 'png' });
  const expected = await decodeImage(wanted!.image);
  const shown = tall.data.subarray(19 * 240 * 160 * 3, 20 * 240 * 160 * 3);
  const off = expected.data.reduce((sum, value, i) => sum + Math.abs(value - shown[i]!), 0) / shown.length;
  expect(off).toBeLessThan(3);
  const { elements, faults } = checkMarkup(String(pictureMarkup(picture!)));
  expect(faults).toEqual([]);
  expect(elements[0]!.attributes['style']).toMatch(
    /background-size:100% 3200%;animation-duration:1\.60s;.*steps\(32,jump-none\)/,
  );
  expect(elements[0]!.attributes['aria-label']).toBe('moves (32 frames in 1.6 seconds)');
});
