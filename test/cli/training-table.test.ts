import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../src/core/index.js';
import { createTrainingTable } from '../../src/cli/training-table.js';

const event = (done: number, values?: Readonly<Record<string, number>>): ProgressEvent => ({
  kind: 'progress',
  stage: 'train',
  done,
  total: 100,
  unit: 'steps',
  ...(values ? { values } : {}),
});

/** What a terminal of any height would show. */
function screen(writes: readonly string[]): string[] {
  const lines = [''];
  for (const part of writes.join('').split(/(\u001b\[\d+A\u001b\[0J|\n)/)) {
    const up = /^\u001b\[(\d+)A/.exec(part);
    if (up) lines.splice(lines.length - 1 - Number(up[1]), Infinity, '');
    else if (part === '\n') lines.push('');
    else lines.push(`${lines.pop() ?? ''}${part}`);
  }
  return lines.slice(0, -1);
}

describe('the live table of a training', () => {
  it('is drawn over itself, with the first, lowest and newest value of every term, rate and remaining time', () => {
    const writes: string[] = [];
    let now = 0;
    const table = createTrainingTable({ write: (text) => writes.push(text) }, () => now);
    table.show(event(0));
    const row = {
      step: 10,
      epoch: 1,
      learningRate: 0.01,
      samplesPerSecond: 64,
      dataWaitShare: 0.031,
      residentMegabytes: 512,
    };
    [4, 1, 2].forEach((loss, i) => {
      now += 5000;
      table.show(event(10 * (i + 1), { ...row, loss, accuracy: 0.5 }));
    });
    expect(screen(writes)).toEqual([
      'train 30/100 steps · 2.00 steps/s · 35 s left',
      'epoch 1 · learning rate 0.0100 · 64.0 samples/s · 3.1 % waiting for data · 512 MB',
      '           first  lowest     now',
      'loss       4.000   1.000   2.000',
      'accuracy  0.5000  0.5000  0.5000',
    ]);
  });

  it('stays where it is when others write below it, and is not redrawn at every step', () => {
    const writes: string[] = [];
    let now = 0;
    const table = createTrainingTable({ write: (text) => writes.push(text) }, () => now);
    table.show(event(1));
    now += 10;
    table.show(event(2));
    expect(writes).toHaveLength(1);
    table.release();
    writes.push('SIGTERM\n');
    now += 2000;
    table.show(event(3));
    expect(screen(writes).map((line) => line.split(' · ')[0])).toEqual([
      'train 1/100 steps',
      'SIGTERM',
      'train 3/100 steps',
    ]);
  });
});
