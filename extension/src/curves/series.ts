/** The points of one metric, in the order in which they came; arrays of numbers that grow by doubling. */
export class Series {
  get length(): number {
    return this._length;
  }

  /** The steps, ascending; not a copy, and valid until the next change. */
  get steps(): Float64Array {
    return this._steps.subarray(0, this._length);
  }

  /** The values; one that is not finite is NaN. */
  get values(): Float64Array {
    return this._values.subarray(0, this._length);
  }

  get last(): { readonly step: number; readonly value: number } | null {
    const at = this._length - 1;
    return at < 0 ? null : { step: this._steps[at] ?? NaN, value: this._values[at] ?? NaN };
  }

  push(step: number, value: number): void {
    if (this._length === this._steps.length) {
      this._steps = grown(this._steps);
      this._values = grown(this._values);
    }
    this._steps[this._length] = step;
    this._values[this._length] = value;
    this._length += 1;
  }

  /** Forget what was reported from `step` on. */
  cut(step: number): void {
    this._length = firstAtLeast(this.steps, step);
  }

  private _steps = new Float64Array(64);
  private _values = new Float64Array(64);
  private _length = 0;
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** The index of the first of ascending `steps` that is `step` or more; their number where there is none. */
export function firstAtLeast(steps: Float64Array, step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle] ?? NaN) < step) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
