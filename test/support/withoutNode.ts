/**
 * @file Compiled by tsconfig.browser.json alone. Fails there once a package brings the types of Node along: with them
 * every use of Node would pass.
 */

// @ts-expect-error there is no such name in a browser
void process;
