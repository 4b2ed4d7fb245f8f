/** @file The bound of columns of JSON and CSV files. */

/** Columns of a file of rows, which all its rows get: more are ids or texts that were written as names. */
export const MOST_COLUMNS = 10_000;
