/** What a job has measured and printed so far, as it arrives; every view of the widget draws from it. */

const LOG_LENGTH = 20000;

export class Series {
  constructor() {
    this.listeners = new Set();
    this.clear();
  }

  /** Take a message of the kernel. */
  take(message) {
    if (message.kind === 'reset') {
      this.clear();
    } else if (message.kind === 'points') {
      const points = this.points.get(message.name) ?? [];
      this.points.set(message.name, points);
      points.push(...message.points);
    } else if (message.kind === 'log') {
      this.log = (this.log + message.text).slice(-LOG_LENGTH);
    } else {
      return;
    }
    this.listeners.forEach(listener => listener());
  }

  clear() {
    this.points = new Map();
    this.log = '';
  }

  /** Call `listener` whenever something has come; returns what ends that. */
  onChange(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
