// A list of any length: only the rows that can be seen are in the page. Rows are links, so they can be
// focused, opened in another tab and read by a screen reader; j and k walk through them. Tab goes to one of
// them, and from there out of the list: to what is open beside it.
import type { ComponentChildren, RefObject } from 'preact';
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
  footer?: ComponentChildren;
}

const ROWS_AROUND = 8;
const NEAR_END_ROWS = 60;

interface View {
  top: number;
  height: number;
}

/** The part of the box that is seen. */
function useView(box: RefObject<HTMLDivElement | null>): [View, () => void] {
  const [view, setView] = useState<View>({ top: 0, height: 800 });
  const measure = () => {
    const element = box.current!;
    setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [view, measure];
}

/** Rows that are put above push nothing away from under the reader's eyes. */
function useKeptPlace(
  box: RefObject<HTMLDivElement | null>,
  above: number,
  rowHeight: number,
): void {
  const before = useRef(above);
  useLayoutEffect(() => {
    const element = box.current!;
    const added = above - before.current;
    before.current = above;
    if (added > 0 && element.scrollTop > rowHeight / 2) element.scrollTop += added * rowHeight;
  }, [above]);
}

function scrollTo(element: HTMLElement, top: number, rowHeight: number): void {
  if (top < element.scrollTop) element.scrollTop = top;
  const below = top + rowHeight - element.clientHeight;
  if (below > element.scrollTop) element.scrollTop = below;
}

interface Walk {
  /** The row that was focused last, or is open. */
  active: string | undefined;
  onFocus(key: string): void;
  step(by: number): void;
}

/** Walking through the rows: the focus goes along, also to rows that are not in the page yet. */
function useWalk<T>(
  props: Props<T>,
  box: RefObject<HTMLDivElement | null>,
  measure: () => void,
): Walk {
  const active = useRef(props.openKey);
  const [, setFocused] = useState(props.openKey);
  const wantsFocus = useRef(false);
  const opened = useRef(props.openKey);
  if (opened.current !== props.openKey) {
    // By Back, too.
    opened.current = props.openKey;
    if (props.openKey !== undefined) active.current = props.openKey;
  }
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    const selector = `[data-key="${CSS.escape(active.current ?? '')}"]`;
    const link = box.current!.querySelector<HTMLElement>(selector);
    if (!link) return;
    wantsFocus.current = false;
    link.focus({ preventScroll: true });
  });
  const { count, rowHeight, item, keyOf } = props;
  const indexOfActive = (): number => {
    for (let index = 0; index < count; ++index)
      if (keyOf(item(index)) === active.current) return index;
    return -1;
  };
  const goTo = (index: number): void => {
    if (count === 0) return;
    const target = Math.min(Math.max(index, 0), count - 1);
    active.current = keyOf(item(target));
    wantsFocus.current = true;
    scrollTo(box.current!, target * rowHeight, rowHeight);
    measure();
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
        {
          keys: 'End',
          label: 'Last that is loaded',
          run: () => latest.current.goTo(latest.current.count),
        },
      ]),
    [],
  );
  const onFocus = (key: string): void => {
    active.current = key;
    setFocused(key);
  };
  return { active: active.current, step, onFocus };
}

/** Goes to a row's address without loading the page again; other tabs and windows as always. */
function follow(click: MouseEvent, href: string): void {
  if (click.metaKey || click.ctrlKey || click.shiftKey || click.button !== 0) return;
  click.preventDefault();
  go(href);
}

interface RowProps<T> {
  index: number;
  props: Props<T>;
  walk: Walk;
  isTabStop: boolean;
}

function Row<T>({ index, props, walk, isTabStop }: RowProps<T>) {
  const { count, rowHeight } = props;
  const item = props.item(index);
  const key = props.keyOf(item);
  const href = props.hrefOf(item);
  return (
    <li
      class="row"
      style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
      aria-setsize={count}
      aria-posinset={index + 1}
    >
      <a
        href={href}
        data-key={key}
        tabIndex={isTabStop ? 0 : -1}
        aria-current={key === props.openKey ? 'true' : undefined}
        onFocus={() => walk.onFocus(key)}
        onClick={(click) => follow(click, href)}
      >
        {props.render(item)}
      </a>
    </li>
  );
}

export function VirtualList<T>(props: Props<T>) {
  const { count, rowHeight, item, keyOf } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, measure] = useView(box);
  useKeptPlace(box, props.addedAbove ?? 0, rowHeight);
  const walk = useWalk(props, box, measure);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - ROWS_AROUND);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + ROWS_AROUND);
  useEffect(() => {
    if (count > 0 && last >= count - NEAR_END_ROWS) props.onNearEnd?.();
  }, [last, count]);

  const onKeyDown = (press: KeyboardEvent): void => {
    if (isWriting(press.target) || (press.key !== 'ArrowDown' && press.key !== 'ArrowUp')) return;
    press.preventDefault();
    walk.step(press.key === 'ArrowDown' ? 1 : -1);
  };
  const keys: string[] = [];
  for (let index = first; index < last; ++index) keys.push(keyOf(item(index)));
  const stop = keys.find((key) => key === walk.active) ?? keys[Math.min(ROWS_AROUND, first)];
  const rows = keys.map((key, at) => (
    <Row key={key} index={first + at} props={props} walk={walk} isTabStop={key === stop} />
  ));
  return (
    <div class="virtual-list" ref={box} onScroll={measure} onKeyDown={onKeyDown} tabIndex={-1}>
      <ul role="list" aria-label={props.label} style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </ul>
      {props.footer}
    </div>
  );
}
