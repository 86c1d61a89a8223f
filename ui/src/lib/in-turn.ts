// Work that is asked for more often than it can be done: one at a time, and however often it is asked
// for meanwhile, once more behind it. So what is shown is never older than one answer, nothing that was
// answered is thrown away, and a busy log cannot pile up questions.

export class InTurn {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #abort = new AbortController();
  #isBusy = false;
  #isOneBehind = false;

  /** `work` takes care of its own failures. */
  constructor(work: (signal: AbortSignal) => Promise<void>) {
    this.#work = work;
  }

  /** Has the work done with what is known from now on. */
  readonly ask = (): void => {
    this.#isOneBehind = true;
    if (!this.#isBusy) void this.#go();
  };

  /** What is under way is told so, and nothing more is begun. */
  readonly stop = (): void => this.#abort.abort();

  async #go(): Promise<void> {
    this.#isBusy = true;
    while (this.#isOneBehind && !this.#abort.signal.aborted) {
      this.#isOneBehind = false;
      await this.#work(this.#abort.signal);
    }
    this.#isBusy = false;
  }
}
