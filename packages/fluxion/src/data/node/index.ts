/** Files on disk: image folders, PNG, array files. Node only. */
export { writeFileAtomic } from "./atomic-write.js";
export { type ImageFolder, type ImageFolderOptions, loadImageFolder } from "./image-folder.js";
export { encodePng, type PngOptions, writeImageGrid, type WriteGridOptions } from "./png.js";
export { readArrayFile, type ReadArrayOptions } from "./read-array.js";
