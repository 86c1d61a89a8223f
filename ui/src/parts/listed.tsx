// A list that the pod gives page by page, or what stands in its place.
import type { ComponentChildren } from 'preact';

import type { PagedList } from '../lib/paged-list.js';
import { Problem, Waiting } from './answer.js';
import { VirtualList } from './virtual-list.js';

interface Props<T> {
  list: PagedList<T>;
  /** Where there is none. */
  empty: ComponentChildren;
  label: string;
  rowHeight: number;
  hrefOf(item: T): string;
  render(item: T): ComponentChildren;
  openKey?: string | undefined;
  onNearEnd?(): void;
  footer?: ComponentChildren;
}

export function Listed<T extends { id: string }>({ list, empty, ...more }: Props<T>) {
  const { items } = list;
  return (
    <>
      {list.error !== undefined && <Problem error={list.error} retry={list.reload} />}
      {!list.isReady && list.error === undefined && <Waiting />}
      {list.isReady && items.length === 0 && empty}
      {items.length > 0 && (
        <VirtualList
          count={items.length}
          item={(index) => items[index]!}
          keyOf={({ id }) => id}
          onNearEnd={list.more}
          {...more}
        />
      )}
    </>
  );
}
