import { expect, it } from 'vitest';
import {
  countOf,
  formatCount,
  formatDuration,
  formatFigure,
  formatNumber,
  formatTime,
  formatValue,
  nameToWords,
} from '../../src/report/format.js';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

it.each([
  [0, '0'],
  [999, '999'],
  [1000, '1 000'],
  [1234567, '1 234 567'],
])('writes the count %d as %s', (count, text) => expect(plain(formatCount(count))).toBe(text));

it.each([
  [0, '0'],
  [0.5, '0.5'],
  [0.12344, '0.1234'],
  [1.5, '1.5'],
  [-12.345, '−12.35'],
  [123.45, '123.5'],
  [100, '100'],
  [4321, '4 321'],
  [1.5e7, '1.50e7'],
  [0.00012, '1.20e−4'],
  [NaN, '–'],
  [-Infinity, '−∞'],
])('writes the number %d as %s', (value, text) => expect(plain(formatNumber(value))).toBe(text));

it.each([
  [0.25, '250 ms'],
  [12.54, '12.5 s'],
  [59.99, '1 min'],
  [60, '1 min'],
  [200, '3 min 20 s'],
  [3600 * 2 + 299, '2 h 04 min'],
])('writes %d seconds as %s', (seconds, text) => expect(plain(formatDuration(seconds))).toBe(text));

it.each([
  [3.2, '3.20 s'],
  [59.999, '1:00.00'],
  [63.2, '1:03.20'],
  [-0.5, '−0.50 s'],
])('writes the moment %d as %s', (seconds, text) => expect(plain(formatTime(seconds))).toBe(text));

it('writes shares, figures and plurals', () => {
  expect(plain(formatValue(0.8333, 'fraction'))).toBe('83.3 %');
  expect(plain(formatValue(31.2, 'dB'))).toBe('31.2 dB');
  expect(plain(formatFigure(1204418))).toBe('1 204 418');
  expect(plain(countOf(1, 'shot'))).toBe('1 shot');
  expect(plain(countOf(2, 'shot'))).toBe('2 shots');
});

it('turns names into words and leaves abbreviations alone', () => {
  expect(nameToWords('validationAccuracy')).toBe('validation accuracy');
  expect(nameToWords('top1')).toBe('top1');
  expect(nameToWords('meanAUC')).toBe('meanAUC');
  expect(nameToWords('J')).toBe('J');
  expect(nameToWords('recallAt10')).toBe('recall at 10');
  expect(nameToWords('psnrBestOf20')).toBe('PSNR best of 20');
  expect(nameToWords('validationMse')).toBe('validation MSE');
  expect(nameToWords('copyLastMse')).toBe('copy last MSE');
  expect(nameToWords('fvd-rand')).toBe('FVD rand');
});
