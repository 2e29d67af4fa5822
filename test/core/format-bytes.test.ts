import { expect, it } from 'vitest';
import { formatBytes } from '../../src/core/index.js';

it.each([
  [0, '0 B'],
  [640, '640 B'],
  [1000, '1 kB'],
  [1536, '1.5 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1 MB'],
  [1_500_000_000, '1.5 GB'],
  [2e16, '20000 TB'],
])('writes a size of %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
  expect(formatBytes(bytes, '_')).toBe(text.replace(' ', '_'));
});
