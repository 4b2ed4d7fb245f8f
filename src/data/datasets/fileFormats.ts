/** @file Formats of data files by their names: datasets' table of extensions, and its choice of one per split. */

/** A format that prefine reads. */
export type ReadFormat = "csv" | "json" | "parquet" | "text";

/** Extensions by format; datasets reads .jsonlines only under `load_dataset("json")`. */
const READ: Readonly<Record<ReadFormat, string>> = {
  csv: ".csv .tsv",
  json: ".json .jsonl .ndjson .jsonlines",
  parquet: ".parquet .geoparquet .gpq",
  text: ".txt",
};

/** Formats that datasets reads and prefine does not: their files decide alike which format a split has. */
const OTHER: Readonly<Record<string, string>> = {
  arrow: ".arrow",
  conll: ".conll .conllu",
  webdataset: ".tar",
  xml: ".xml",
  hdf5: ".hdf5 .h5",
  eval: ".eval",
  harbor: ".toml .md",
  lance: ".lance",
  tsfile: ".tsfile",
  vortex: ".vortex",
  fasta: ".fa .fasta .fna .ffn .faa .frn .afa",
  genbank: ".gb .gbk .genbank",
  fastq: ".fq .fastq",
  mmcif: ".cif .mmcif",
};

/** The same, whose extensions datasets also knows in capitals. */
const OTHER_IN_CAPITALS: Readonly<Record<string, string>> = {
  pdb: ".pdb .ent",
  imagefolder:
    ".blp .bmp .dib .bufr .cur .pcx .dcx .dds .ps .eps .fit .fits .fli .flc .ftc .ftu .gbr .gif .grib .png .apng " +
    ".jp2 .j2k .jpc .jpf .jpx .j2c .icns .ico .im .iim .tif .tiff .jfif .jpe .jpg .jpeg .msp .pcd .pxr .pbm .pgm " +
    ".ppm .pnm .psd .bw .rgb .rgba .sgi .ras .tga .icb .vda .vst .webp .wmf .emf .xbm .xpm",
  audiofolder:
    ".mpg .aiff .au .avr .caf .flac .htk .svx .mat4 .mat5 .mpc2k .ogg .paf .pvf .raw .rf64 .sd2 .sds .ircam .voc " +
    ".w64 .wav .nist .wavex .wve .xi .mp3 .opus .3gp .3g2 .asf .flv .m4v .webm .f4v .wmv .wma .ogm .mxf .nut",
  videofolder: ".mpeg .avi .mp4 .mov .mkv",
  meshfolder: ".glb .gltf .ply .stl",
  pdffolder: ".pdf",
  niftifolder: ".nii",
};

const ZIP = ".zip";
/** Of lance: allowed, but of no format. */
const METADATA_EXTENSIONS = [".idx", ".manifest", ".txn"];
/** Files of these names count only where there are no others. */
const METADATA_NAMES = new Set([
  "instruction.md",
  "latest_version_hint.json",
  "metadata.csv",
  "metadata.jsonl",
  "metadata.parquet",
  "task.toml",
]);
/** Formats beside which datasets reads such a file for itself. */
const FOLDER_FORMATS = new Set([...Object.keys(OTHER_IN_CAPITALS), "mmcif", "harbor", "lance"]);

/** Extension -> format, and the reverse. */
const FORMATS = new Map<string, string>();
const EXTENSIONS = new Map<string, Set<string>>();
function addFormat(format: string, extensions: readonly string[]): void {
  EXTENSIONS.set(format, new Set([...extensions, ZIP]));
  for (const extension of extensions) FORMATS.set(extension, format);
}
for (const [format, extensions] of Object.entries({ ...READ, ...OTHER })) addFormat(format, extensions.split(" "));
for (const [format, extensions] of Object.entries(OTHER_IN_CAPITALS))
  addFormat(format, [extensions, extensions.toUpperCase()].join(" ").split(" "));
const ALLOWED = new Set([...FORMATS.keys(), ZIP, ...METADATA_EXTENSIONS]);

/** In messages. */
export const SUPPORTED =
  "prefine reads .parquet, .json, .jsonl, .ndjson, .jsonlines, .csv, .tsv and .txt files, also as .gz, .bz2, .xz, .zst";

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** `a.old.csv.gz` -> .old, .csv, .gz. */
const suffixes = (path: string): string[] =>
  baseName(path)
    .split(".")
    .slice(1)
    .map((suffix) => `.${suffix}`);

/** Whether datasets takes the file for data: one of its name's suffixes is of a format, or .zip. */
export const isData = (path: string): boolean => suffixes(path).some((suffix) => ALLOWED.has(suffix));

/** At equal counts the first of these wins, then the last in the alphabet. */
const FAVORITES = [".parquet", ".lance", ".vortex", ".arrow", ".jsonl", ".json", ".csv"];

/**
 * The format of a split's files, as datasets infers it: that of the most frequent suffix which is of a format.
 * @returns undefined where no suffix is; "zip" for archives.
 */
export function inferFormat(files: readonly string[]): string | undefined {
  const counts = new Map<string, { suffix: string; isMetadata: boolean; count: number }>();
  for (const file of files) {
    const isMetadata = METADATA_NAMES.has(baseName(file));
    for (const suffix of suffixes(file).map((text) => text.toLowerCase())) {
      const key = `${isMetadata}${suffix}`;
      const before = counts.get(key) ?? { suffix, isMetadata, count: 0 };
      counts.set(key, { ...before, count: before.count + 1 });
    }
  }
  const rank = (suffix: string) => (FAVORITES.includes(suffix) ? FAVORITES.indexOf(suffix) : FAVORITES.length);
  const ordered = [...counts.values()].sort(
    (a, b) =>
      Number(a.isMetadata) - Number(b.isMetadata) ||
      b.count - a.count ||
      rank(a.suffix) - rank(b.suffix) ||
      (a.suffix < b.suffix ? 1 : -1),
  );
  for (const { suffix } of ordered) {
    const format = suffix === ZIP ? "zip" : FORMATS.get(suffix);
    if (format !== undefined) return format;
  }
  return undefined;
}

/** Whether prefine has a reader. */
export const isRead = (format: string | undefined): format is ReadFormat =>
  format !== undefined && Object.hasOwn(READ, format);

/** Whether datasets reads the file where the format has been chosen: its name has a suffix of it. */
export function isOfFormat(path: string, format: string): boolean {
  const isOwn = suffixes(path).some((suffix) => EXTENSIONS.get(format)?.has(suffix));
  return isOwn || (FOLDER_FORMATS.has(format) && METADATA_NAMES.has(baseName(path)));
}

/** Names that stand for files of a format in `load_dataset`, and `jsonl`, which is prefine's own. */
const FORMAT_NAMES: ReadonlyMap<string, ReadFormat> = new Map([
  ["csv", "csv"],
  ["json", "json"],
  ["jsonl", "json"],
  ["parquet", "parquet"],
  ["text", "text"],
]);

/** The format that a name such as `csv` stands for. */
export const formatNamed = (name: string): ReadFormat | undefined => FORMAT_NAMES.get(name);

/** Whether the name is of a format that datasets reads and prefine does not. */
export const isOtherFormat = (name: string): boolean =>
  Object.hasOwn(OTHER, name) || Object.hasOwn(OTHER_IN_CAPITALS, name);

/** The format of a file by its own name, in any case: of a file that is named by itself. */
export function formatOf(path: string): ReadFormat | undefined {
  const format = inferFormat([path]);
  return isRead(format) ? format : undefined;
}

/** The separator of a file of the format csv: a tab where its last suffix of that format is .tsv. */
export function separatorOf(path: string): "," | "\t" {
  const last = suffixes(path).findLast((suffix) => /^\.[ct]sv$/i.test(suffix));
  return last?.toLowerCase() === ".tsv" ? "\t" : ",";
}
