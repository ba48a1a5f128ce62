/** Fewer points that look the same. */

/**
 * Of each of `buckets` equal stretches, the least and the greatest value in their order: every spike stays visible.
 *
 * @param points - `[x, y]`, by ascending x.
 */
export function decimate(points, buckets) {
  if (points.length <= 2 * buckets) {
    return points;
  }
  const kept = [];
  const size = points.length / buckets;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const end = Math.floor((bucket + 1) * size);
    let least = Math.floor(bucket * size);
    let greatest = least;
    for (let index = least + 1; index < end; index += 1) {
      if (points[index][1] < points[least][1]) {
        least = index;
      }
      if (points[index][1] > points[greatest][1]) {
        greatest = index;
      }
    }
    kept.push(points[Math.min(least, greatest)]);
    if (least !== greatest) {
      kept.push(points[Math.max(least, greatest)]);
    }
  }
  return kept;
}
