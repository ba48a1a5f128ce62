import uPlot from 'uplot';

import { measured } from '../format';
import type { Series } from './series';
import { thinned } from './thinning';

/** One curve of a plot. */
export interface ICurve {
  readonly label: string;
  readonly series: Series;
  /** Drawn as points: measured now and then. */
  readonly sparse: boolean;
}

/** How many different colours there are. */
const COLOURS = 8;
const HEIGHT = 150;
/** Points of a curve for every pixel: a lowest and a highest one. */
const POINTS_PER_PIXEL = 2;

/** Curves over steps, drawn by uPlot, with a legend that reads the values under the cursor. */
export class Plot {
  /**
   * @param node - Where it is drawn; it fills the width.
   * @param curves - What is drawn; their series may grow, `update` shows what has come.
   * @param sync - Plots with the same key share the cursor.
   * @param stepLabel - How a step is written.
   */
  constructor(
    private readonly node: HTMLElement,
    private readonly curves: readonly ICurve[],
    sync: string,
    private readonly stepLabel: (step: number) => string
  ) {
    this.legend.className = 'jp-ModelOps-legend';
    // The same is in the table of values, for whoever cannot see it.
    this.node.setAttribute('aria-hidden', 'true');
    this.node.append(this.legend);
    this.readings = curves.map((curve, index) => this.entry(curve.label, index));
    this.step = this.legend.appendChild(document.createElement('span'));
    this.step.className = 'jp-ModelOps-step';
    this.plot = new uPlot(this.options(sync), this.points(), node);
    this.resized = new ResizeObserver(() => {
      this.resize();
    });
    this.resized.observe(node);
    this.themed = new MutationObserver(() => {
      this.plot.redraw();
    });
    this.themed.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
    this.read();
  }

  /** Draw what has come since. */
  update(): void {
    this.plot.setData(this.points(), !this.zoomed);
    if (this.zoomed) {
      this.plot.redraw();
    }
    this.read();
  }

  dispose(): void {
    this.resized.disconnect();
    this.themed.disconnect();
    this.plot.destroy();
    this.node.replaceChildren();
  }

  private points(): uPlot.AlignedData {
    const most = Math.max(200, this.node.clientWidth * POINTS_PER_PIXEL);
    const tables = this.curves.map(
      curve => thinned(curve.series, most, this.zoomed ?? undefined) as unknown as uPlot.AlignedData
    );
    const [only] = tables;
    return tables.length === 1 && only ? only : uPlot.join(tables);
  }

  /** Let the legend say the values under the cursor, or else the latest. */
  private read(): void {
    const at = this.plot.cursor.idx;
    const step = at === null || at === undefined ? null : (this.plot.data[0][at] ?? null);
    let latest = -Infinity;
    this.curves.forEach(({ series }, index) => {
      const last = series.last;
      latest = Math.max(latest, last?.step ?? -Infinity);
      const value =
        at === null || at === undefined ? last?.value : lastUntil(this.plot.data[index + 1], at);
      const reading = this.readings[index];
      if (reading) {
        reading.textContent = value === null || value === undefined ? '–' : measured(value);
      }
    });
    const shown = step ?? latest;
    this.step.textContent = shown === -Infinity ? '' : this.stepLabel(shown);
  }

  private entry(label: string, index: number): HTMLElement {
    const entry = this.legend.appendChild(document.createElement('span'));
    const swatch = entry.appendChild(document.createElement('span'));
    swatch.className = 'jp-ModelOps-swatch';
    swatch.dataset.dashed = String(isDashed(index));
    swatch.style.setProperty('--modelops-swatch', `var(${colourName(index)})`);
    entry.append(this.curves.length > 1 ? `${label} ` : '');
    return entry.appendChild(document.createElement('b'));
  }

  private options(sync: string): uPlot.Options {
    const axis = {
      font: `11px ${this.style('--jp-ui-font-family')}`,
      stroke: () => this.style('--jp-ui-font-color2'),
      grid: { stroke: () => this.style('--jp-border-color2'), width: 1 },
      ticks: { show: false }
    };
    return {
      width: this.node.clientWidth || 300,
      height: HEIGHT,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: sync, scales: ['x', null] },
        points: { size: 6 },
        drag: { x: true, y: false },
        y: false
      },
      scales: { x: { time: false } },
      axes: [
        { ...axis, size: 24 },
        { ...axis, size: 58, values: (_, splits) => splits.map(measured) }
      ],
      series: [{}, ...this.curves.map((curve, index) => this.line(curve, index))],
      hooks: {
        setCursor: [
          () => {
            this.read();
          }
        ],
        setSelect: [
          plot => {
            if (plot.select.width > 0) {
              const { left, width } = plot.select;
              this.zoomed = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
              queueMicrotask(() => {
                this.update();
              });
            }
          }
        ]
      },
      plugins: [
        {
          hooks: {
            ready: plot => {
              plot.over.addEventListener('dblclick', () => {
                this.zoomed = null;
                this.update();
              });
            }
          }
        }
      ]
    };
  }

  private line(curve: ICurve, index: number): uPlot.Series {
    const colour = (): string => this.style(colourName(index));
    return {
      label: curve.label,
      stroke: colour,
      width: curve.sparse ? 1 : 1.5,
      ...(isDashed(index) ? { dash: [6, 3] } : {}),
      points: curve.sparse
        ? { show: true, size: 6, fill: colour }
        : { show: (plot, at) => (plot.data[at]?.length ?? 0) < 3, size: 5, fill: colour }
    };
  }

  private style(name: string): string {
    return getComputedStyle(this.node).getPropertyValue(name).trim();
  }

  private resize(): void {
    if (this.node.clientWidth > 0 && this.node.clientWidth !== this.plot.width) {
      this.plot.setSize({ width: this.node.clientWidth, height: HEIGHT });
      this.update();
    }
  }

  private zoomed: [number, number] | null = null;
  private readonly legend = document.createElement('div');
  private readonly readings: HTMLElement[];
  private readonly step: HTMLElement;
  private readonly plot: uPlot;
  private readonly resized: ResizeObserver;
  private readonly themed: MutationObserver;
}

/** The variable with the colour of a curve. */
export function colourName(index: number): string {
  return `--modelops-curve-${(index % COLOURS) + 1}`;
}

/** Every second curve is dashed, so that neighbours are told apart without colour. */
export function isDashed(index: number): boolean {
  return index % 2 === 1;
}

/** The last value at or before an index: curves have values at different steps. */
function lastUntil(
  values: ArrayLike<number | null | undefined> | undefined,
  at: number
): number | null {
  for (let index = at; index >= 0; index--) {
    const value = values?.[index];
    if (value !== null && value !== undefined) {
      return value;
    }
  }
  return null;
}
