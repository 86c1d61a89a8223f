// What a list shows of the log: the rows that pass a filter, the newest first, kept up with both ends
// of the log without looking at a row twice. What is older than the log knows is searched for by the
// pod, as far as it understands the filter.
import type { Row } from './events.js';
import type { Filter } from './filter.js';
import { kept, ROWS_LOADED_MAX, rowsUpTo, type EventLog } from './log.js';

export class LogView {
  readonly filter: Filter;
  readonly #log: EventLog;
  #rows: Row[] = [];
  // The positions between which rows have been looked at.
  #from = Infinity;
  #to = -1;
  // Once the pod has searched: everything behind this position was looked at, here or there.
  #searched: number | undefined;
  #isSearching = false;
  /** Rows that were put on top since the view was made. */
  added = 0;

  constructor(log: EventLog, filter: Filter) {
    this.#log = log;
    this.filter = filter;
  }

  /** Row `index` from the top. */
  at(index: number): Row {
    return this.#rows[this.#rows.length - 1 - index]!;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Everything behind this position was looked at. */
  get oldest(): number {
    return this.#searched ?? this.#log.oldest;
  }

  /** It goes back no further: there are as many rows as a list has. */
  get isFull(): boolean {
    return this.#searched === undefined ? this.#log.isFull : this.count >= ROWS_LOADED_MAX;
  }

  /** Looks further back. One at a time. */
  async loadOlder(): Promise<void> {
    if (this.oldest <= 0 || this.isFull || this.#isSearching) return;
    if (Object.keys(this.filter.asked).length === 0) {
      await this.#log.loadOlder();
      return this.update(Infinity);
    }
    this.update(Infinity);
    this.#searched ??= this.#log.oldest;
    this.#isSearching = true;
    try {
      const { rows, oldest } = await rowsUpTo(this.#searched, this.filter.asked);
      this.#rows = rows.filter((row) => this.filter.passes(row)).concat(this.#rows);
      this.#searched = oldest;
    } finally {
      this.#isSearching = false;
    }
    ++this.#log.changed.value;
  }

  /** Takes in what is new, up to the position `until`. */
  update(until: number): void {
    const all = this.#log.rows;
    const older: Row[] = [];
    const newer: Row[] = [];
    const begin = this.#to < 0 ? 0 : upperBound(all, this.#to);
    for (let index = begin; index < all.length; ++index) {
      const row = all[index]!;
      if (row.position > until) break;
      this.#to = row.position;
      if (this.filter.passes(row)) newer.push(row);
    }
    if (this.#from !== Infinity && this.#searched === undefined) {
      const end = upperBound(all, this.#from - 1);
      for (let index = 0; index < end; ++index)
        if (this.filter.passes(all[index]!)) older.push(all[index]!);
    }
    const first = all[0]?.position;
    if (first !== undefined) {
      // The log lets go of its oldest rows when there are too many.
      if (first > this.#from && this.#searched === undefined)
        this.#rows = this.#rows.slice(upperBound(this.#rows, first - 1));
      this.#from = first;
    }
    if (this.#rows.length > 0) this.added += newer.length;
    if (older.length > 0) this.#rows = older.concat(this.#rows, newer);
    else for (const row of newer) this.#rows.push(row);
    this.#letGo();
  }

  // As of the log: what is on its way continues the rows that there are.
  #letGo(): void {
    const rows = this.#isSearching ? this.#rows : kept(this.#rows);
    if (rows === this.#rows) return;
    this.#rows = rows;
    if (this.#searched !== undefined) this.#searched = rows[0]!.position - 1;
  }

  /** How many rows behind `position` would pass. */
  countBehind(position: number): number {
    const all = this.#log.rows;
    let count = 0;
    for (let index = upperBound(all, position); index < all.length; ++index) {
      if (this.filter.passes(all[index]!)) ++count;
    }
    return count;
  }
}

/** The index of the first row behind `position`. */
function upperBound(rows: Row[], position: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
