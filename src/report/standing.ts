import type { Metric } from '../core/index.js';
import type { ResultReport } from './data.js';
import { capitalize, formatValue, nameToWords } from './format.js';
import { html, type Markup } from './html.js';
import { table } from './page.js';
import {
  chanceVerdict,
  formatGain,
  gainMetric,
  gainVerdict,
  rivalMetric,
  rivalVerdict,
  strongestRival,
  type Verdict,
} from './verdict.js';

/** What may be concluded from a result's first metric. */
export interface Standing extends Verdict {
  /** A few words, for a table. */
  readonly short: string;
}

type Measured = Pick<ResultReport, 'metrics' | 'rivals'>;

/** Says plainly whether anything has been learned, by chance, untrained weights and simple rivals, in this order; null without a metric. */
export function standingOf({ metrics, rivals }: Measured): Standing | null {
  const [main] = metrics;
  if (!main) return null;
  const chance = rivalMetric(main, rivals, 'chance') && chanceVerdict(main, rivals);
  if (chance?.side === 'includes' || chance?.side === 'worse')
    return {
      side: 'includes',
      short: 'not shown',
      text: 'Not shown to have learned anything: it is no better than chance.',
    };
  const gain = gainVerdict(main, rivals, metrics);
  if (gain?.side === 'includes' || gain?.side === 'worse') {
    const text = `Not shown that training helps: untrained weights do ${gain.side === 'worse' ? 'better' : 'as well'}.`;
    return { side: gain.side, short: 'no gain shown', text };
  }
  const rival = rivalVerdict(main, rivals);
  if (gain?.side === 'unknown' || (!gain && !rival)) {
    const reason = chance?.side === 'better' ? ' It is better than chance; more was not compared with intervals.' : '';
    return {
      side: 'unknown',
      short: 'cannot be said',
      text: `Whether training helps cannot be said from this.${reason}`,
    };
  }
  const beaten = [chance && 'chance', gain && 'untrained weights'].filter(Boolean).join(' and ');
  const than = beaten === '' ? '' : `Better than ${beaten}, `;
  if (!rival) return { side: 'better', short: 'learned', text: `Something is learned: better than ${beaten}.` };
  if (rival.side === 'better')
    return {
      side: 'better',
      short: 'learned',
      text: `Something is learned: better than ${beaten === '' ? '' : `${beaten}, and than `}every simple rival.`,
    };
  const name = strongestRival(main, rivals)?.name ?? 'one of them';
  const how = rival.side === 'worse' ? 'does better without learning' : 'may do as well without learning';
  const text = `${than}but not shown to be better than every simple rival: ${name} ${how}.`;
  return { side: rival.side, short: `${gain ? 'learned, ' : ''}not beyond ${name}`, text };
}

/** What pictures in wrong orders cost, for each measure that was taken with them: does it see motion? */
export function orderVerdicts({ metrics, rivals }: Measured): readonly Verdict[] {
  return metrics.flatMap((metric): Verdict[] => {
    const shown = controls.flatMap(({ rival, words }) => {
      const found = rivalMetric(metric, rivals, rival);
      return found ? [{ words, found }] : [];
    });
    if (shown.length === 0) return [];
    const value = (one: Metric) => formatValue(one.value, one.unit);
    const list = shown.map(({ words, found }) => `${words} ${value(found)}`).join(', ');
    const text = `${capitalize(nameToWords(metric.name))}: pictures in order ${value(metric)}, ${list}`;
    const falls = shown.filter(({ found }) => isBelow(found, metric));
    return [
      falls.length === shown.length
        ? { side: 'better', text: `${text}: every wrong order costs, so the order of pictures is seen.` }
        : {
            side: 'includes',
            text: `${text}: not every wrong order costs more than the intervals, so it is not shown that motion is seen.`,
          },
    ];
  });
}

/** Every result in one line: its first measure, what it gains, and what is to be concluded. */
export function standingsTable(results: readonly ResultReport[]): Markup | false {
  const rows = results.flatMap((result) => {
    const [main] = result.metrics;
    const standing = standingOf(result);
    return main && standing ? [{ result, main, standing }] : [];
  });
  if (rows.length < 2) return false;
  return html`${table({
    caption:
      'All results in one line each, by the first measure of their protocol. Only lines of one protocol and one set of data compare.',
    columns: [
      { name: 'What' },
      { name: 'So' },
      { name: 'Value', numeric: true },
      { name: '95 % interval', numeric: true },
      { name: 'Chance', numeric: true },
      { name: 'Untrained', numeric: true },
      { name: 'Gain over untrained', numeric: true },
      { name: 'Measure' },
      { name: 'Protocol, data' },
    ],
    rows: rows.map(({ result: { subject, protocol, metrics, rivals }, main, standing }) => ({
      own: standing.side === 'better',
      cells: [
        subject,
        standing.short,
        formatValue(main.value, main.unit),
        main.interval ? range(main.interval, (end) => formatValue(end, main.unit)) : '–',
        ...['chance', 'untrained'].map((name) => {
          const rival = rivalMetric(main, rivals, name);
          return rival ? formatValue(rival.value, rival.unit) : '–';
        }),
        gainCell(main, rivalMetric(main, rivals, 'untrained'), gainMetric(main, metrics)),
        nameToWords(main.name),
        `${protocol}, ${main.split}`,
      ],
    })),
  })}`;
}

const controls = [
  { rival: 'reversed-frames', words: 'reversed' },
  { rival: 'shuffled-frames', words: 'shuffled' },
  { rival: 'repeated-frame', words: 'one repeated' },
] as const;

function gainCell(main: Metric, untrained: Metric | null, gain: Metric | null): string {
  if (!untrained) return '–';
  const own = (main.value - untrained.value) * (main.direction === 'higher' ? 1 : -1);
  const text = formatGain(own, main.unit);
  return gain?.interval ? `${text} (${range(gain.interval, (end) => formatGain(end, main.unit, ''))})` : text;
}

const range = ([low, high]: readonly [number, number], say: (end: number) => string): string =>
  `${say(low)} – ${say(high)}`;

/** True where a control lies clearly on the wrong side of the metric. */
function isBelow(control: Metric, metric: Metric): boolean {
  const [low, high] = metric.interval ?? [metric.value, metric.value];
  const [controlLow, controlHigh] = control.interval ?? [control.value, control.value];
  return metric.direction === 'higher' ? controlHigh < low : controlLow > high;
}
