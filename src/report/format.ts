/** A narrow space at which no line breaks. */
export const thin = '\u202f';

/** A count with its thousands set apart: `12 345`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, thin);
}

/** A number to about four significant digits; tiny and huge ones in powers of ten. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return signed(value.toExponential(2).replace('e+', 'e'));
  if (size >= 1000) return signed(formatCount(value));
  const digits = size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  return signed(value.toFixed(digits).replace(/\.?0+$/, ''));
}

/** A number of a table: whole ones in full, others to about four digits. */
export function formatFigure(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? signed(formatCount(value)) : formatNumber(value);
}

/** The text with a capital at its head. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A measure's name for people: `validationAccuracy` → `validation accuracy`, `psnrBestOf20` → `PSNR best of 20`. */
export function nameToWords(name: string): string {
  return name
    .replace(/[._/-]+/g, ' ')
    .replace(/(At|Of)(?=\d)/g, (_, word: string) => ` ${word.toLowerCase()} `)
    .replace(
      /([a-z0-9])([A-Z])(?![A-Z])/g,
      (_, before: string, capital: string) => `${before} ${capital.toLowerCase()}`,
    )
    .replace(/\b(?:mse|mae|psnr|ssim|lpips|fvd|kl)\b/g, (letters) => letters.toUpperCase());
}

/** A value with its unit; fractions become per cent. */
export function formatValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'fraction') return `${signed((value * 100).toFixed(1))}${thin}%`;
  return unit === '' ? formatNumber(value) : `${formatNumber(value)}${thin}${unit}`;
}

/** A length of time for people: `850 ms`, `12.5 s`, `3 min 20 s`, `2 h 05 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)}${thin}ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1).replace(/\.0$/, '')}${thin}s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes}${thin}min` : `${minutes}${thin}min ${whole % 60}${thin}s`;
  return `${Math.floor(minutes / 60)}${thin}h ${String(minutes % 60).padStart(2, '0')}${thin}min`;
}

/** A point of time in a video: `3.20 s`, `1:03.20`. */
export function formatTime(seconds: number): string {
  const hundredths = Math.round(seconds * 100);
  if (Math.abs(hundredths) < 6000) return `${signed((hundredths / 100).toFixed(2))}${thin}s`;
  const minutes = Math.floor(hundredths / 6000);
  return `${minutes}:${((hundredths - minutes * 6000) / 100).toFixed(2).padStart(5, '0')}`;
}

/** One word or several, by the count: `1 shot`, `2 shots`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)}${thin}${count === 1 ? one : many}`;
}

function signed(text: string): string {
  return text.replace('-', '−');
}
