/** @file Data sets' public face: everything that other folders use. */
export { Dataset } from "./dataset.ts";
export { type DatasetDict, datasetDict } from "./datasetDict.ts";
export { describeFeature, type Feature, type Features, type Row } from "./features.ts";
export { type LoadDatasetOptions, loadDataset } from "./loadDataset.ts";
export { findProcess, type MapFunction, type MapModule } from "./mapFunction.ts";
export type { MapOptions } from "./mapRows.ts";
export type { DataFiles } from "./splitFiles.ts";
