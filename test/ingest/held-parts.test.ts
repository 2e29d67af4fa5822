import { describe, expect, it } from 'vitest';
import { heldParts } from '../../src/ingest/held-parts.js';
import { uniteParts } from '../../src/ingest/index.js';

const run = { part: undefined, isRetry: false, isStopped: false };
const part = (index: number, count: number) => ({ ...run, part: { index, count } });

describe('heldParts', () => {
  it('names the parts that a corpus holds until all of the job is in it', () => {
    expect(heldParts(null, part(1, 3))).toEqual({ parts: ['2/3'] });
    expect(heldParts({ parts: ['2/3'] }, part(0, 3))).toEqual({ parts: ['1/3', '2/3'] });
    expect(heldParts({ parts: ['2/3'] }, run)).toEqual({});
    expect(heldParts({}, part(0, 3))).toEqual({});
  });

  it('says that a run was stopped until another one has ended, which a retry is not', () => {
    const stopped = heldParts(null, { ...part(0, 2), isStopped: true });
    expect(stopped).toEqual({ parts: ['1/2'], unfinished: true });
    expect(heldParts(stopped, { ...run, isRetry: true })).toEqual(stopped);
    expect(heldParts(null, { ...run, isRetry: true })).toEqual({});
    expect(heldParts(stopped, part(0, 2))).toEqual({ parts: ['1/2'] });
    expect(heldParts(null, { ...run, isStopped: true })).toEqual({ unfinished: true });
  });
});

describe('uniteParts', () => {
  const corpus = (file: Parameters<typeof uniteParts>[0][number]['file'], dir = 'c') => ({ dir, file });

  it('says nothing of what is whole, and names what is missing', () => {
    expect(uniteParts([corpus({}), corpus({})])).toEqual({ missing: [] });
    expect(uniteParts([corpus({ parts: ['2/2'] }), corpus({ parts: ['1/2'] })])).toEqual({ missing: [] });
    expect(uniteParts([corpus({ parts: ['1/3', '3/3'] }), corpus({})])).toEqual({
      parts: ['1/3', '3/3'],
      missing: ['2/3'],
    });
  });

  it('takes what was stopped for missing', () => {
    const stopped = corpus({ parts: ['1/2'], unfinished: true });
    expect(uniteParts([stopped, corpus({ parts: ['2/2'] })])).toEqual({ parts: ['2/2'], missing: ['1/2'] });
    expect(uniteParts([stopped])).toEqual({ unfinished: true, missing: ['1/2', '2/2'] });
    expect(uniteParts([corpus({ unfinished: true }, 'whole')])).toEqual({ unfinished: true, missing: ['whole'] });
  });
});
