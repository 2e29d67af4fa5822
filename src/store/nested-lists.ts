/**
 * The items of lists in lists, row by row, and how many there are along each dimension.
 *
 * @throws TypeError where a list is missing, or rows differ in length.
 */
export function unnest(
  value: unknown,
  dimensions: number,
): { readonly data: readonly unknown[]; readonly shape: readonly number[] } {
  const shape: number[] = [];
  let items: readonly unknown[] = [value];
  for (let i = 0; i < dimensions; i++) {
    const rows = items.map((item) => {
      if (!Array.isArray(item)) throw new TypeError('a list is expected');
      return item as readonly unknown[];
    });
    const size = rows[0]?.length ?? 0;
    if (rows.some(({ length }) => length !== size)) throw new TypeError('rows of a list differ in length');
    shape.push(size);
    items = rows.flat();
  }
  return { data: items, shape };
}
