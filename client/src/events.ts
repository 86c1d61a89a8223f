import type { EventData, SynapEvent } from './generated/app-router.js';

export type { SynapEvent, EventData };

/** The types of events that this client knows. A newer pod may have more. */
export type EventType = keyof EventData;

/**
 * The data of an event as a record, which other libraries want: `staticSchema<DataOf<'note.creation.completed'>>()` of
 * Inngest's SDK.
 */
export type DataOf<T extends EventType> = { [Key in keyof EventData[T]]: EventData[T][Key] };

/** The name of a type that a user of the pod registers (eventTypes.register). */
export type RegisteredType = `x.${string}`;

/** An event of one of these types: a union that `event.type` narrows. */
export type EventOf<T extends string, Own = {}> = T extends keyof Own
  ? Told<T, Own[T]>
  : T extends EventType
    ? Told<T, EventData[T]>
    : Told<T, SynapEvent['data']>;

type Told<T extends string, Data> = Omit<SynapEvent, 'type' | 'data'> & { type: T; data: Data };

/** `if (isEvent(event, 'note.creation.completed')) event.data.file` */
export function isEvent<T extends EventType>(
  event: { readonly type: string },
  type: T,
): event is EventOf<T> {
  return event.type === type;
}
