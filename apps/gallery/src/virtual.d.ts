declare module "virtual:papers" {
  const entries: import("../content/types.js").PaperEntry[];
  export default entries;
  export const pages: Readonly<
    Record<string, () => Promise<{ default: import("../content/types.js").PaperPage }>>
  >;
}
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*.css" {}
interface ImportMeta {
  glob<Module>(pattern: string): Record<string, () => Promise<Module>>;
}
