// What a thing is connected with, drawn: things as links, relations as lines between them.
import { podDocument } from '../lib/document.js';
import { useNarrow } from '../lib/narrow.js';
import { type Edge, layOut, type Neighbours, type Node } from '../lib/neighbourhood.js';
import { go, route, withQuery } from '../lib/router.js';
import { number } from '../lib/time.js';
import { Show, useQuery, useReloadOn } from './answer.js';
import { hueOf } from './badge.js';
import { Choice } from './filters.js';
import { Quiet } from './plain.js';
import { Line } from './text.js';

const THINGS_MAX = 60;
const ROW = 46;
const WIDTH = 1_000; // of the drawing, which is stretched to its place
const DEPTHS = ['1', '2', '3'];

/** As it is read from the thing that is nearer to the middle. */
function wordsOf({ thing, relation }: Node): string {
  if (!relation) return '';
  const name = relation.type.replace(/_/g, ' ');
  return relation.toId === thing.id ? `${name} →` : `← ${name}`;
}

function Edges({ edges, columns, rows }: { edges: Edge[]; columns: number; rows: number }) {
  const column = WIDTH / columns;
  const gap = column * 0.05;
  const path = ({ from, to, isBeside }: Edge): string => {
    const [left, right] = from.column <= to.column ? [from, to] : [to, from];
    const x1 = (left.column + 1) * column - gap;
    const x2 = left.column === right.column ? x1 : right.column * column + gap;
    const y1 = left.row * ROW;
    const y2 = right.row * ROW;
    const bend = isBeside && x1 === x2 ? gap * 2 : (x2 - x1) / 2;
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 + (x1 === x2 ? bend : -bend)} ${y2} ${x2} ${y2}`;
  };
  return (
    <svg viewBox={`0 0 ${WIDTH} ${rows * ROW}`} preserveAspectRatio="none" aria-hidden="true">
      {edges.map((edge) => (
        <path key={edge.relation.id} class={edge.isBeside ? 'is-beside' : ''} d={path(edge)} />
      ))}
    </svg>
  );
}

function ThingNode({ node, columns }: { node: Node; columns: number }) {
  const { thing } = node;
  const noun = podDocument.value?.nouns.find(({ name }) => name === thing.noun);
  const style = {
    left: `${((node.column + 0.05) * 100) / columns}%`,
    width: `${90 / columns}%`,
    top: `${node.row * ROW - ROW / 2 + 3}px`,
    '--hue': String(hueOf(thing.noun)),
  };
  const words = wordsOf(node);
  return (
    <li style={style} class={thing.depth === 0 ? 'is-middle' : ''}>
      <a
        href={
          noun && thing.depth > 0
            ? `/${noun.plural}/${thing.id}/links${location.search}`
            : undefined
        }
        aria-current={thing.depth === 0 ? 'true' : undefined}
        title={`${thing.noun}: ${thing.title}`}
      >
        <b>
          <Line text={thing.title || '(without a title)'} max={80} />
        </b>
        <Quiet>
          <span class={words && 'unseen'}>{thing.noun}</span>
          <bdi>{words}</bdi>
        </Quiet>
      </a>
    </li>
  );
}

export function Neighbourhood({ id }: { id: string }) {
  const asked = route.value.query.get('depth') ?? '1';
  const depth = DEPTHS.includes(asked) ? Number(asked) : 1;
  const isNarrow = useNarrow();
  const answer = useQuery<Neighbours>('relations.neighbours', { id, depth, limit: THINGS_MAX });
  useReloadOn((event) => event.aggregateType === 'relation', answer.reload);
  return (
    <section class="neighbourhood" aria-labelledby="neighbourhood-title">
      <header>
        <h3 id="neighbourhood-title">Connected with</h3>
        <label>
          as far as{' '}
          <Choice
            value={String(depth)}
            choices={[
              ['1', 'one relation'],
              ['2', 'two relations'],
              ['3', 'three relations'],
            ]}
            onChange={(next) => go(withQuery({ depth: next }), { replace: true })}
          />
        </label>
      </header>
      <Show of={answer}>
        {(neighbours) => {
          const { columns, rows, nodes, edges } = layOut(neighbours, !isNarrow);
          if (nodes.length <= 1)
            return <p class="quiet">Nothing: no relation leads from it or to it.</p>;
          return (
            <>
              <div class="graph" style={{ height: `${rows * ROW}px` }}>
                <Edges edges={edges} columns={columns} rows={rows} />
                <ul>
                  {nodes.map((node) => (
                    <ThingNode key={node.thing.id} node={node} columns={columns} />
                  ))}
                </ul>
              </div>
              {neighbours.isCut && (
                <p class="cut">There is more: the nearest {number(nodes.length)} are shown.</p>
              )}
            </>
          );
        }}
      </Show>
    </section>
  );
}
