import { BaseStore, InvalidNamespaceError, } from '@langchain/langgraph-checkpoint';
// What one request gives at most.
const ITEMS = 100;
const NAMESPACES = 1000;
// Behind which nothing is given.
const OFFSET_MAX = 10_000;
// Of a query, which may be somebody's whole message.
const QUERY_CHARACTERS = 1000;
// Writes of a batch that are on their way at a time.
const TOGETHER = 16;
/**
 * Keeps what graphs remember beyond their threads in a Synap pod: each change is an event, a query
 * is answered by the pod's own search, and whoever has read a version can write on that one alone.
 *
 *     const graph = builder.compile({ store: new SynapStore(createSynapClient({ url, key })) });
 */
export class SynapStore extends BaseStore {
    #client;
    constructor(client) {
        super();
        this.#client = client;
    }
    /**
     * Reads see what was there before the batch, and of several puts of one name the last one counts,
     * as LangGraph's own stores have it.
     */
    async batch(operations) {
        const puts = new Map();
        const results = await Promise.all(operations.map((op) => {
            if ('namespacePrefix' in op)
                return this.#search(op);
            if ('value' in op) {
                const name = JSON.stringify([op.namespace, op.key]);
                puts.delete(name);
                puts.set(name, op);
                return null;
            }
            if ('key' in op)
                return this.#get(op.namespace, op.key);
            return this.#namespaces(op);
        }));
        const left = [...puts.values()];
        while (left.length > 0)
            await Promise.all(left.splice(0, TOGETHER).map((op) => this.#put(op)));
        return results;
    }
    async get(namespace, key) {
        return (await super.get(namespace, key));
    }
    /**
     * Puts an item if it has this version (`item.version`), or is not there (0), and gives its new
     * one. Otherwise the client's error says CONFLICT, and details.actualVersion.
     */
    async putIfVersion(namespace, key, value, expectedVersion, index) {
        const { version } = await this.#client.store.put.mutate({
            namespace,
            key,
            value,
            expectedVersion,
            ...indexOf(index),
        });
        return version;
    }
    async #get(namespace, key) {
        const { item } = await this.#client.store.get.query({ namespace, key });
        return item ? itemOf(item) : null;
    }
    async #put({ namespace, key, value, index }) {
        if (value === null) {
            await this.#client.store.delete.mutate({ namespace, key });
        }
        else {
            await this.#client.store.put.mutate({ namespace, key, value, ...indexOf(index) });
        }
    }
    async #search({ namespacePrefix, filter, query, limit = 10, offset = 0 }) {
        const found = [];
        while (found.length < limit && offset + found.length <= OFFSET_MAX) {
            const wanted = Math.min(limit - found.length, ITEMS);
            const { items, isCut } = await this.#client.store.search.query({
                namespacePrefix,
                ...(filter && { filter }),
                ...(query && { query: beginningOf(query) }),
                limit: wanted,
                offset: offset + found.length,
            });
            found.push(...items.map(foundOf));
            // A page is shorter at the end, and where its items are large.
            if (items.length < wanted && (items.length === 0 || !isCut))
                break;
        }
        return found;
    }
    async #namespaces({ matchConditions = [], maxDepth, limit = 100, offset = 0 }) {
        const paths = {};
        for (const { matchType, path } of matchConditions) {
            if (paths[matchType])
                throw new InvalidNamespaceError(`A pod takes one ${matchType} at a time.`);
            paths[matchType] = path;
        }
        const found = [];
        while (found.length < limit) {
            const wanted = Math.min(limit - found.length, NAMESPACES);
            const { namespaces } = await this.#client.store.namespaces.query({
                ...paths,
                ...(maxDepth !== undefined && { maxDepth }),
                limit: wanted,
                offset: offset + found.length,
            });
            found.push(...namespaces);
            if (namespaces.length < wanted)
                break;
        }
        return found;
    }
}
// Without half of a character at its end.
function beginningOf(query) {
    return query.slice(0, QUERY_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
}
// The pod searches what is at some paths; with none of them it does not search the item.
function indexOf(index) {
    if (index === undefined)
        return {};
    return { index: index === false ? [] : index };
}
function itemOf({ namespace, key, value, version, createdAt, updatedAt }) {
    return { namespace, key, value, version, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
}
function foundOf(found) {
    return { ...itemOf(found), ...(found.score !== undefined && { score: found.score }) };
}
