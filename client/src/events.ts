import type { EventData, SynapEvent } from './generated/app-router.js';

export type { SynapEvent, EventData };

/** The types of events that this client knows. A newer pod may have more. */
export type EventType = keyof EventData;

/** An event of a type that is known, with data that are typed. */
export type EventOf<T extends EventType> = SynapEvent & { type: T; data: EventData[T] };

/** `if (isEvent(event, 'note.creation.completed')) event.data.filePath` */
export function isEvent<T extends EventType>(event: SynapEvent, type: T): event is EventOf<T> {
  return event.type === type;
}
