/** Milliseconds between two frames of a page that nobody sees; browsers draw none then. */
const UNSEEN = 1000;

/** Calls `draw` once before the next frame is drawn, however often it is asked for. */
export class Frames {
  constructor(private readonly draw: () => void) {}

  request(): void {
    if (this.waiting || this.over) {
      return;
    }
    this.waiting = true;
    const now = (): void => {
      this.waiting = false;
      if (!this.over) {
        this.draw();
      }
    };
    if (document.hidden) {
      setTimeout(now, UNSEEN);
    } else {
      requestAnimationFrame(now);
    }
  }

  stop(): void {
    this.over = true;
  }

  private waiting = false;
  private over = false;
}
