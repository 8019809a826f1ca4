export const demo = 0 as never;
