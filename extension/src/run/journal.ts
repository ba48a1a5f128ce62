import type { JobEvent } from '../api';
import { Metrics } from '../curves/metrics';
import { Progress } from './progress';

export type CellState = 'waiting' | 'running' | 'completed' | 'ended';

/** A code cell; `number` counts those that run from 1. */
export interface ICell {
  readonly number: number;
  readonly firstLine: string;
  readonly state: CellState;
  readonly seconds: number | null;
}

/** A sentence that a notebook, or the journal itself, had to say. */
export interface INote {
  readonly time: number;
  readonly text: string;
  readonly warning: boolean;
}

/** What a model answered at some moment of its training. */
export interface ISample {
  /** `null` where it is not a matter of steps. */
  readonly step: number | null;
  readonly prompt: string;
  readonly text: string;
}

/** What a job's events add up to. The same events give the same, in whatever batches they come. */
export class Journal {
  readonly metrics = new Metrics();
  readonly progress = new Progress();

  /** How many events were taken. */
  get length(): number {
    return this._length;
  }

  /** The cells of the present attempt, as far as they are known. */
  get cells(): readonly ICell[] {
    return this._cells;
  }

  /** How many cells run in all; 0 while that is not known. */
  get total(): number {
    return this._total;
  }

  get notes(): readonly INote[] {
    return this._notes;
  }

  get samples(): readonly ISample[] {
    return this._samples;
  }

  take(events: readonly JobEvent[], now = Date.now()): void {
    for (const event of events) {
      this.learn(event, now);
    }
    this._length += events.length;
  }

  private learn(event: JobEvent, now: number): void {
    switch (event.type) {
      case 'metric':
        this.metrics.take(event);
        break;
      case 'progress':
        this.progress.take(event, now);
        break;
      case 'cell':
        this.cell(event);
        break;
      case 'note':
        this._notes = [
          ...this._notes.slice(1 - MOST_NOTES),
          { time: event.time, text: text(event.text), warning: event.level === 'warning' }
        ];
        break;
      case 'sample':
        this._samples = [
          ...this._samples.slice(1 - MOST_SAMPLES),
          { step: number(event.step), prompt: text(event.prompt), text: text(event.text) }
        ];
        break;
      case 'state':
        if (event.state === 'starting') {
          this.begin();
        }
    }
  }

  /** Another attempt begins. */
  private begin(): void {
    this._cells = [];
    this._samples = [];
    this.progress.clear();
    this.metrics.newAttempt();
  }

  private cell(event: JobEvent): void {
    const cell: ICell = {
      number: number(event.number) ?? 0,
      firstLine: text(event.first_line),
      state: STATES[text(event.status)] ?? 'running',
      seconds: number(event.seconds)
    };
    this._total = number(event.total) ?? this._total;
    this._cells = [...this._cells.filter(known => known.number !== cell.number), cell];
    if (cell.state === 'running') {
      this.progress.clear();
    }
  }

  private _length = 0;
  private _total = 0;
  private _cells: readonly ICell[] = [];
  private _notes: readonly INote[] = [];
  private _samples: readonly ISample[] = [];
}

const MOST_NOTES = 200;
const MOST_SAMPLES = 100;

const STATES: Record<string, CellState> = {
  started: 'running',
  completed: 'completed',
  ended: 'ended'
};

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
