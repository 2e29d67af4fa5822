import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderGallery, renderReport } from '../../src/report/index.js';
import { findBrowser, startBrowser, type Browser } from './browser.js';
import { makeReport, makeRun } from './fixture.js';
import {
  makeForecast,
  makeMean,
  makePrecision,
  makePredictions,
  makeRecognition,
  makeRetrieval,
} from './result-fixture.js';

const found = await findBrowser();
const reason = 'missing' in found ? ` (skipped: ${found.missing})` : '';
const screenshots = fileURLToPath(new URL('../../.ci/out/report/', import.meta.url));

/** Elements that stick out of the page and are in nothing that scrolls. */
const sticksOut = `[...document.querySelectorAll('body *')].filter((one) => {
  if (one.closest('.scroll, .film, .strip, pre') || one.closest('svg')?.contains(one) && one.tagName !== 'svg') return false;
  const { right, width } = one.getBoundingClientRect();
  return width > 0 && right > document.documentElement.clientWidth + 0.5;
}).map((one) => one.tagName + '.' + one.className).slice(0, 5)`;
/** Smallest contrast of text with the ground of the page, and where. */
const contrast = `(() => {
  const canvas = document.createElement('canvas').getContext('2d');
  const rgb = (colour) => { canvas.fillStyle = colour; const hex = canvas.fillStyle; return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255); };
  const light = (colour) => { const [r, g, b] = rgb(colour).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll('h1,h2,h3,h4,p,dt,dd,th,td,figcaption,caption,summary,a,svg text')].map((one) => {
    const style = getComputedStyle(one);
    const own = light(one.tagName === 'text' ? style.fill : style.color);
    return [(Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05), one.tagName + ' ' + one.textContent.slice(0, 30)];
  }).sort((a, b) => a[0] - b[0])[0];
})()`;

describe.skipIf('missing' in found)(`pages in headless Chromium${reason}`, () => {
  const pages: Record<string, string> = {};
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'reelmine-pages-'));
    mkdirSync(screenshots, { recursive: true });
    const run = await makeReport();
    const predictions = [await makePredictions()];
    const retrieval = await makeRetrieval();
    const first = makeRecognition('first', 0.5, [0.05, 0.15]);
    const second = makeRecognition('second', 0.4, [-0.05, 0.15]);
    const comparison = {
      title: 'Two runs',
      runs: [makeRun('first', 60, 0.4), makeRun('second', 90, 0.3)],
      results: [first, second, makeMean(), retrieval, makeForecast('first', 24), makeForecast('second', 22)],
    };
    const results = [...run.results!, first, retrieval, makeForecast('first', 24), makePrecision()];
    pages['run'] = renderReport({ ...run, results, predictions });
    pages['comparison'] = renderReport(comparison);
    pages['gallery'] = renderGallery({ title: 'Samples', facts: run.facts!, strips: run.datasets![0]!.strips });
    for (const [name, page] of Object.entries(pages)) writeFileSync(join(folder, `${name}.html`), page);
    if ('path' in found) browser = await startBrowser(found.path);
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  describe.each(['run', 'comparison', 'gallery'])('%s', (name) => {
    it.each([
      [390, 'light'],
      [390, 'dark'],
      [1280, 'light'],
      [1280, 'dark'],
    ] as const)('is sound at %i px in %s', async (width, scheme) => {
      const url = pathToFileURL(join(folder, `${name}.html`)).href;
      const page = await browser.open(url, { width, height: 844, isDark: scheme === 'dark' });
      try {
        expect(page.requests.filter((request) => request !== url && !request.startsWith('data:'))).toEqual([]);
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        expect(await page.evaluate<string[]>(sticksOut)).toEqual([]);
        const widest = `Math.max(0, ...[...document.querySelectorAll('.charts svg')].map((one) => one.getBoundingClientRect().width))`;
        expect(await page.evaluate<number>(widest)).toBeLessThan(720); // a chart that is drawn larger has letters like headings
        const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        expect(Number(/\d+/.exec(ground)![0]) < 128).toBe(scheme === 'dark');
        const [least, where] = await page.evaluate<[number, string]>(contrast);
        expect(least, where).toBeGreaterThan(4.5);
        const broken = `[...document.images].map((image) => { image.loading = 'eager'; return image.decode().then(() => null, () => image.alt); })`;
        const images = await page.evaluate<(string | null)[]>(`Promise.all(${broken})`);
        expect(images.filter((alt) => alt !== null)).toEqual([]);
        writeFileSync(join(screenshots, `${name}-${width}-${scheme}.png`), await page.screenshot());
        expect(page.complaints).toEqual([]);
      } finally {
        await page.close();
      }
    });
  });

  it('plays its films', async () => {
    const url = pathToFileURL(join(folder, 'run.html')).href;
    const page = await browser.open(url, { width: 800, height: 600 });
    const place = `(() => { const clip = document.querySelector('.drawn .clip'); clip.scrollIntoView(); const [playing] = clip.getAnimations(); playing.pause(); return [0, 0.6].map((seconds) => { playing.currentTime = seconds * 1000; return getComputedStyle(clip).backgroundPosition; }); })()`;
    const [start, later] = await page.evaluate<string[]>(place);
    expect(start).toBe('0px 0%');
    expect(later).toMatch(/^0px [45]\d/);
    await page.close();
  });

  it('is not fooled: a page that is too wide and complains is found out', async () => {
    const path = join(folder, 'bad.html');
    writeFileSync(
      path,
      '<meta name="viewport" content="width=device-width, initial-scale=1"><p style="width:700px">wide<script>console.error("no")</script>',
    );
    const page = await browser.open(pathToFileURL(path).href, { width: 390, height: 800 });
    expect(await page.evaluate<string[]>(sticksOut)).not.toEqual([]);
    expect(page.complaints.join(' ')).toContain('no');
    await page.close();
  });
});
