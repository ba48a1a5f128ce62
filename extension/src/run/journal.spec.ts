import type { JobEvent } from '../api';
import { Journal } from './journal';
import { LogTail } from './log';

const EVENTS: readonly JobEvent[] = [
  { type: 'state', time: 0, state: 'starting', attempt: 1 },
  { type: 'cell', time: 1, status: 'started', number: 1, total: 2, first_line: 'import torch' },
  { type: 'cell', time: 2, status: 'completed', number: 1, total: 2, first_line: 'import torch' },
  { type: 'cell', time: 2, status: 'started', number: 2, total: 2, first_line: 'train()' },
  { type: 'note', time: 2, level: 'warning', text: 'No test split.' },
  { type: 'sample', time: 3, step: 0, prompt: 'Who?', text: 'Me.' },
  ...Array.from({ length: 50 }, (_, step): JobEvent[] => [
    { type: 'metric', time: 10 + step, step, values: { loss: 50 - step } },
    { type: 'progress', time: 10 + step, phase: 'training', done: step, total: 100, unit: 'steps' }
  ]).flat()
];

function summary(journal: Journal): unknown {
  const { cells, metrics, notes, progress, samples, total } = journal;
  const loss = [...(metrics.series.get('loss')?.values ?? [])];
  return { cells, notes, samples, total, loss, left: progress.secondsLeft(0), done: progress.done };
}

describe('Journal', () => {
  it('is the same whether it was replayed at once or heard live, event by event', () => {
    const replayed = new Journal();
    replayed.take(EVENTS, 100_000);
    const live = new Journal();
    for (const event of EVENTS) {
      live.take([event], event.time * 1000);
    }
    expect(summary(live)).toEqual(summary(replayed));
  });

  it('knows which cell runs, what was done and what was said', () => {
    const journal = new Journal();
    journal.take(EVENTS);
    expect(journal.cells.map(cell => cell.state)).toEqual(['completed', 'running']);
    expect(journal.notes).toEqual([{ time: 2, text: 'No test split.', warning: true }]);
    expect(journal.samples).toEqual([{ step: 0, prompt: 'Who?', text: 'Me.' }]);
    expect(journal.progress.fraction).toBe(0.49);
  });

  it('tells what is left from the pace of the last steps, and counts down between events', () => {
    const journal = new Journal();
    journal.take(EVENTS, 59_000);
    // One second a step: 51 steps are left, when the kernel's clock says 59.
    expect(journal.progress.secondsLeft(59_000)).toBeCloseTo(51);
    expect(journal.progress.secondsLeft(69_000)).toBeCloseTo(41);
  });

  it('does not tell what is left before there is a pace, nor without a total', () => {
    const journal = new Journal();
    journal.take([{ type: 'progress', time: 1, phase: '', done: 0, total: 9, unit: 'steps' }]);
    expect(journal.progress.secondsLeft()).toBeNull();
    journal.take([{ type: 'progress', time: 2, phase: '', done: 1, total: null, unit: 'steps' }]);
    expect(journal.progress.secondsLeft()).toBeNull();
    expect(journal.progress.fraction).toBeNull();
  });

  it('begins anew with another attempt', () => {
    const journal = new Journal();
    journal.take(EVENTS);
    journal.take([{ type: 'state', time: 100, state: 'starting', attempt: 2 }]);
    expect(journal.cells).toEqual([]);
    expect(journal.progress.known).toBe(false);
  });
});

describe('LogTail', () => {
  const lines = Array.from({ length: 250 }, (_, number) => `line ${number}\n`).join('');

  it('is the same in whatever pieces it comes', () => {
    const [whole, pieces] = [new LogTail(), new LogTail()];
    whole.append(lines);
    for (let at = 0; at < lines.length; at += 7) {
      pieces.append(lines.slice(at, at + 7));
    }
    expect(pieces.text).toBe(whole.text);
    expect(pieces.blocks.map(block => block.number)).toEqual([0, 1, 2]);
  });

  it('keeps the last few thousand lines of a flood, and says that it is not all', () => {
    const log = new LogTail();
    for (let times = 0; times < 40; times++) {
      log.append(lines);
    }
    expect(log.cut).toBe(true);
    expect(log.text.split('\n').length).toBeLessThanOrEqual(3000);
    expect(log.text.endsWith('line 249\n')).toBe(true);
  });

  it('does not change a block that is full', () => {
    const log = new LogTail();
    log.append(lines);
    const [first] = log.blocks;
    log.append(lines);
    expect(log.blocks[0]).toBe(first);
  });

  it('shows a progress bar as a terminal leaves it, and no escape codes', () => {
    const log = new LogTail();
    log.append('10 %\r50 %\r');
    log.append('100 %\r\n\u001b[31mred\u001b[0m\n');
    expect(log.text).toBe('100 %\nred\n');
  });
});
