/** `if (isEvent(event, 'note.creation.completed')) event.data.file` */
export function isEvent(event, type) {
    return event.type === type;
}
