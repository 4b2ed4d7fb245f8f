/**
 * @file Compiled by tsconfig.browser.json alone. Fails there if a package adds the types of Node: with them every use
 * of Node would pass.
 */

// @ts-expect-error there is no such name in a browser
void process;
