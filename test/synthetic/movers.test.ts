import { describe, expect, it } from 'vitest';
import { createMoverSet, makeMoverFilm, moverSetClassNames } from '../../src/synthetic/index.js';

const film = makeMoverFilm({
  seed: 5,
  pan: [3, 1],
  zoom: 1.01,
  rollDegrees: 0.5,
  noise: 0,
  things: [{ outline: 'disc', radius: 30, from: [90, 70], velocity: [1, 0] }],
});

describe('a film of movers', () => {
  it('shows the background of one frame in another where the homography says', () => {
    const [from, to] = [film.frame(4), film.frame(7)];
    const h = film.homography(4, 7);
    const [here, there] = [film.mask(4), film.mask(7)];
    let [sum, off, count] = [0, 0, 0];
    for (let y = 8; y < film.height - 8; y += 3) {
      for (let x = 8; x < film.width - 8; x += 3) {
        const u = Math.round(h[0]! * x + h[1]! * y + h[2]!);
        const v = Math.round(h[3]! * x + h[4]! * y + h[5]!);
        if (u < 0 || v < 0 || u >= film.width || v >= film.height) continue;
        if (here[y * film.width + x] || there[v * film.width + u]) continue;
        sum += Math.abs(from[3 * (y * film.width + x)]! - to[3 * (v * film.width + u)]!);
        off += Math.abs(from[3 * (y * film.width + x)]! - to[3 * (y * film.width + x)]!);
        count++;
      }
    }
    expect(count).toBeGreaterThan(1000);
    expect(sum / count).toBeLessThan(0.45 * (off / count)); // what is left is rounding to whole pixels
  });

  it('has a mask as large as its disc, which moves as it was told', () => {
    const area = film.mask(0).reduce((a, b) => a + b, 0);
    expect(Math.abs(area - Math.PI * 900)).toBeLessThan(60);
    const centre = (i: number) => {
      const mask = film.mask(i);
      let [x, n] = [0, 0];
      mask.forEach((inside, at) => {
        x += inside * (at % film.width);
        n += inside;
      });
      return x / n;
    };
    expect(centre(6) - centre(0)).toBeCloseTo(6, 1);
  });

  it('knows how fast a thing moves against the background', () => {
    const plain = makeMoverFilm({
      seed: 1,
      pan: [3, 0],
      things: [{ outline: 4, radius: 20, from: [60, 60], velocity: [0, 4] }],
    });
    expect(plain.relativeSpeed(3)).toBeCloseTo(5, 9);
  });

  it('gives the same bytes for the same seed, and others for another', () => {
    const draw = (seed: number) =>
      makeMoverFilm({
        seed,
        width: 48,
        height: 32,
        things: [{ outline: 3, radius: 9, from: [20, 16], velocity: [1, 0] }],
      }).frame(2);
    expect(Buffer.compare(draw(1), draw(1))).toBe(0);
    expect(Buffer.compare(draw(1), draw(2))).not.toBe(0);
  });
});

describe('the mover set', () => {
  it('holds as many movers as the class says, each in view and against the background from 1.5 pixels a frame', () => {
    const set = createMoverSet({ seed: 3, groups: 4, testGroups: 1 });
    expect(set.map(({ className }) => className)).toEqual(
      moverSetClassNames.flatMap((name) => [name, name, name, name]),
    );
    expect(set.filter(({ role }) => role === 'test').length).toBe(3);
    for (const { label, film: own, frameCount } of set) {
      const share = own.mask(frameCount >> 1).reduce((a, b) => a + b, 0) / (own.width * own.height);
      if (label === 0) expect(share).toBe(0);
      else expect(share).toBeGreaterThan(0.015 * label);
      for (let thing = 0; thing < label; thing++) expect(own.relativeSpeed(frameCount >> 1, thing)).toBeGreaterThan(1);
    }
  });
});
