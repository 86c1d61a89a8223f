export async function typed(serde, value) {
    const [type, bytes] = await serde.dumpsTyped(value);
    return { type, bytes: Buffer.from(bytes).toString('base64url') };
}
export function untyped(serde, value) {
    return serde.loadsTyped(value.type, Buffer.from(value.bytes, 'base64url'));
}
// Others are no numbers, or no texts, of JSON's.
function isLabel(value) {
    if (typeof value === 'string')
        return value.length <= LABEL_MAX && !/\p{Surrogate}/u.test(value);
    if (typeof value === 'number')
        return Number.isFinite(value);
    return value === null || typeof value === 'boolean';
}
/** What of an object lists can be filtered by: short values that are no objects. */
export function scalarsOf(object) {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => isLabel(value)));
}
export function isSame(left, right) {
    return left === right || JSON.stringify(left) === JSON.stringify(right);
}
const LABEL_MAX = 1024;
