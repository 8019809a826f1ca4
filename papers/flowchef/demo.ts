import type { Demo } from "fluxion/demo";
export const demo = {} as Demo;
