// What functions are called.

/** Functions of apps are called "name@user". */
export const isOfApp = (id: string): boolean => id.includes('@');

/** A function's name without whose it is, which is the reader's. */
export const nameOfFunction = (id: string): string => id.replace(/@[0-9a-f-]{36}$/, '');
