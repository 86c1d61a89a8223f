import type { SerializerProtocol } from '@langchain/langgraph-checkpoint';
/** A value as the serializer gives it, for the wire. */
export interface TypedValue {
    type: string;
    /** base64url, without padding. */
    bytes: string;
}
export declare function typed(serde: SerializerProtocol, value: unknown): Promise<TypedValue>;
export declare function untyped(serde: SerializerProtocol, value: TypedValue): Promise<any>;
/** What of an object lists can be filtered by: short values that are no objects. */
export declare function scalarsOf(object: Record<string, unknown>): Record<string, unknown>;
export declare function isSame(left: unknown, right: unknown): boolean;
