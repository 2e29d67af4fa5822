/**
 * A size for people, in powers of 1000: `640 B`, `1.5 MB`.
 *
 * @param space what stands between number and unit.
 */
export function formatBytes(bytes: number, space = ' '): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.95 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1).replace(/\.0$/, '')}${space}${units[unit] ?? ''}`;
}
