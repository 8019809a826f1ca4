// What site.ts makes up, see papers.ts.
declare module "virtual:papers" {
  const entries: unknown;
  export default entries;
  export const pages: unknown;
  export const sources: unknown;
}
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*.css" {}
interface ImportMeta {
  readonly env: { readonly PROD: boolean };
  glob<Module>(pattern: string): Record<string, () => Promise<Module>>;
  glob<Value>(
    pattern: string,
    options: { readonly query: string; readonly import: string; readonly eager: true },
  ): Record<string, Value>;
}
