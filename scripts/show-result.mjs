// Prints a result.json in a few lines: metrics with their intervals, then each rival's; of several files the mean of what all of them have, and its
// range, such as of folds or seeds. node scripts/show-result.mjs FILE...
import { readFileSync } from 'node:fs';

const results = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const [first] = results;
const say = (value) => value.toPrecision(4);
const range = ([low, high]) => ` [${say(low)}, ${say(high)}]`;
const isSame = (a, b) => a.name === b.name && a.variant === b.variant;

function describe(metric, from) {
  const found = results.map((result) => from(result)?.find((other) => isSame(other, metric))?.value);
  if (found.includes(undefined)) return [];
  if (found.length === 1)
    return [`${metric.name} ${say(metric.value)}${metric.interval ? range(metric.interval) : ''}`];
  const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
  return [`${metric.name} ${say(mean)} (${say(Math.min(...found))} to ${say(Math.max(...found))})`];
}

if (results.length > 1) console.log(`  mean of ${results.length} results (lowest to highest):`);
console.log(`  ${first.metrics.flatMap((metric) => describe(metric, ({ metrics }) => metrics)).join(', ')}`);
for (const { name, metrics } of first.rivals) {
  const own = ({ rivals }) => rivals.find((rival) => rival.name === name)?.metrics;
  const shown = metrics.flatMap((metric) => describe(metric, own));
  if (shown.length > 0) console.log(`  ${name}: ${shown.join(', ')}`);
}
