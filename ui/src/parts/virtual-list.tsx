// A list of any length: only the rows that can be seen are in the page. Rows are links, so they can be
// focused, opened in another tab and read by a screen reader; j and k walk through them.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { addShortcuts, isWriting } from '../lib/keyboard.js';
import { go } from '../lib/router.js';

interface Props<T> {
  label: string;
  count: number;
  rowHeight: number;
  /** Row `index` counts from the top. */
  item(index: number): T;
  keyOf(item: T): string;
  hrefOf(item: T): string;
  render(item: T): ComponentChildren;
  /** The row that is open beside the list. */
  openKey?: string | undefined;
  /** The reader has come near the end. */
  onNearEnd?(): void;
  /** Rows were put before the first one: what is being read stays where it is. */
  addedAbove?: number;
  onScrolled?(isAtTop: boolean): void;
  footer?: ComponentChildren;
}

const ROWS_AROUND = 8;
const NEAR_END_ROWS = 60;

export function VirtualList<T>(props: Props<T>) {
  const { count, rowHeight, item, keyOf } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const active = useRef<string | undefined>(props.openKey);
  const wantsFocus = useRef(false);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - ROWS_AROUND);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + ROWS_AROUND);

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const above = props.addedAbove ?? 0;
  const aboveBefore = useRef(above);
  useLayoutEffect(() => {
    const element = box.current!;
    const added = above - aboveBefore.current;
    aboveBefore.current = above;
    if (added > 0 && element.scrollTop > rowHeight / 2) element.scrollTop += added * rowHeight;
  }, [above]);

  useEffect(() => {
    if (count > 0 && last >= count - NEAR_END_ROWS) props.onNearEnd?.();
  }, [last, count]);

  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    const link = box.current!.querySelector<HTMLElement>(`[data-key="${CSS.escape(active.current ?? '')}"]`);
    if (!link) return;
    wantsFocus.current = false;
    link.focus({ preventScroll: true });
  });

  const indexOfActive = (): number => {
    for (let index = 0; index < count; ++index) if (keyOf(item(index)) === active.current) return index;
    return -1;
  };
  const goTo = (index: number): void => {
    if (count === 0) return;
    const target = Math.min(Math.max(index, 0), count - 1);
    active.current = keyOf(item(target));
    wantsFocus.current = true;
    const element = box.current!;
    const top = target * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowHeight - element.clientHeight;
    }
    setView({ top: element.scrollTop, height: element.clientHeight });
  };
  const step = (by: number): void => {
    const from = indexOfActive();
    goTo(from < 0 ? Math.ceil(box.current!.scrollTop / rowHeight) : from + by);
  };

  const latest = useRef({ step, goTo, count });
  latest.current = { step, goTo, count };
  useEffect(
    () =>
      addShortcuts([
        { keys: 'j', label: 'Next in the list', run: () => latest.current.step(1) },
        { keys: 'k', label: 'Previous in the list', run: () => latest.current.step(-1) },
        { keys: 'Home', label: 'First in the list', run: () => latest.current.goTo(0) },
        { keys: 'End', label: 'Last that is loaded', run: () => latest.current.goTo(latest.current.count) },
      ]),
    [],
  );

  const onKeyDown = (press: KeyboardEvent): void => {
    if (isWriting(press.target) || (press.key !== 'ArrowDown' && press.key !== 'ArrowUp')) return;
    press.preventDefault();
    step(press.key === 'ArrowDown' ? 1 : -1);
  };
  const onScroll = (): void => {
    const element = box.current!;
    setView({ top: element.scrollTop, height: element.clientHeight });
    props.onScrolled?.(element.scrollTop < rowHeight / 2);
  };

  const rows = [];
  for (let index = first; index < last; ++index) {
    const one = item(index);
    const key = keyOf(one);
    const href = props.hrefOf(one);
    rows.push(
      <li key={key} class="row" style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }} aria-setsize={count} aria-posinset={index + 1}>
        <a
          href={href}
          data-key={key}
          aria-current={key === props.openKey ? 'true' : undefined}
          onFocus={() => (active.current = key)}
          onClick={(click) => {
            if (click.metaKey || click.ctrlKey || click.shiftKey || click.button !== 0) return;
            click.preventDefault();
            go(href);
          }}
        >
          {props.render(one)}
        </a>
      </li>,
    );
  }
  return (
    <div class="virtual-list" ref={box} onScroll={onScroll} onKeyDown={onKeyDown} tabIndex={-1}>
      <ul aria-label={props.label} style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </ul>
      {props.footer}
    </div>
  );
}
