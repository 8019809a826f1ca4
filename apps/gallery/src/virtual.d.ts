declare module "virtual:papers" {
  import type { PaperEntry, PaperPage } from "../content/types.js";
  const entries: PaperEntry[];
  export default entries;
  export const pages: Readonly<Record<string, () => Promise<{ default: PaperPage }>>>;
}
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*.css" {}
interface ImportMeta {
  glob<Module>(pattern: string): Record<string, () => Promise<Module>>;
}
