// What a thing is connected with, laid out: the thing in the middle, what is nearest beside it, what is
// further away outside of that. Each has a row of its own, so nothing lies over another.

export interface NeighbourThing {
  id: string;
  noun: string;
  title: string;
  depth: number;
}
export interface NeighbourRelation {
  id: string;
  fromId: string;
  toId: string;
  type: string;
}
export interface Neighbours {
  things: NeighbourThing[];
  relations: NeighbourRelation[];
  isCut: boolean;
}

export interface Node {
  thing: NeighbourThing;
  /** From the left, 0 to `columns` - 1. */
  column: number;
  /** Its middle, in rows. */
  row: number;
  /** By which it was found; none of the thing in the middle. */
  relation?: NeighbourRelation;
}
export interface Edge {
  relation: NeighbourRelation;
  from: Node;
  to: Node;
  /** Not one by which a thing was found. */
  isBeside: boolean;
}
export interface Layout {
  columns: number;
  rows: number;
  nodes: Node[];
  edges: Edge[];
}

interface Branch {
  thing: NeighbourThing;
  relation?: NeighbourRelation;
  below: Branch[];
  leaves: number;
}

/** Each thing hangs on the first that is nearer to the middle. */
function treeOf({ things, relations }: Neighbours): Branch | undefined {
  const [root, ...others] = [...things].sort((a, b) => a.depth - b.depth);
  if (!root) return undefined;
  const top: Branch = { thing: root, below: [], leaves: 1 };
  const known = new Map([[root.id, top]]);
  for (const thing of others) {
    const relation = relations.find(({ fromId, toId }) => {
      const other = fromId === thing.id ? toId : toId === thing.id ? fromId : '';
      return known.get(other)?.thing.depth === thing.depth - 1;
    });
    if (!relation) continue; // what it hangs on was cut off
    const branch: Branch = { thing, relation, below: [], leaves: 1 };
    known.get(relation.fromId === thing.id ? relation.toId : relation.fromId)!.below.push(branch);
    known.set(thing.id, branch);
  }
  const count = (branch: Branch): number =>
    (branch.leaves = Math.max(1, branch.below.reduce((sum, one) => sum + count(one), 0)));
  count(top);
  return top;
}

export function layOut(neighbours: Neighbours, hasTwoSides: boolean): Layout {
  const top = treeOf(neighbours);
  if (!top) return { columns: 1, rows: 0, nodes: [], edges: [] };
  const sides: Branch[][] = [[], []];
  const sizes = [0, 0];
  for (const branch of top.below) {
    const side = hasTwoSides && sizes[1]! > sizes[0]! ? 0 : 1;
    sides[side]!.push(branch);
    sizes[side]! += branch.leaves;
  }
  const deepest = (branches: Branch[]): number =>
    Math.max(0, ...branches.map(({ thing, below }) => Math.max(thing.depth, deepest(below))));
  const middle = deepest(sides[0]!);
  const rows = Math.max(1, ...sizes);
  const nodes: Node[] = [{ thing: top.thing, column: middle, row: rows / 2 }];
  const place = (branch: Branch, side: number, from: number): void => {
    const column = middle + (side === 0 ? -1 : 1) * branch.thing.depth;
    const { thing, relation } = branch;
    nodes.push({ thing, column, row: from + branch.leaves / 2, ...(relation ? { relation } : {}) });
    for (const one of branch.below) {
      place(one, side, from);
      from += one.leaves;
    }
  };
  sides.forEach((branches, side) => {
    let from = (rows - sizes[side]!) / 2;
    for (const branch of branches) {
      place(branch, side, from);
      from += branch.leaves;
    }
  });
  const byId = new Map(nodes.map((node) => [node.thing.id, node]));
  const found = new Set(nodes.map((node) => node.relation?.id));
  const edges = neighbours.relations.flatMap((relation): Edge[] => {
    const from = byId.get(relation.fromId);
    const to = byId.get(relation.toId);
    return from && to ? [{ relation, from, to, isBeside: !found.has(relation.id) }] : [];
  });
  return { columns: middle + deepest(sides[1]!) + 1, rows, nodes, edges };
}
