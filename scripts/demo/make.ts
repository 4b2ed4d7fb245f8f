/** @file Makes the embedded dataset, tokenizer and model: `npm run make-demo`; takes some minutes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AutoTokenizer } from "../../src/data/tokenizers/loadTokenizer.ts";
import { packEntries } from "./batches.ts";
import { makeEntries, pretrainingTexts } from "./entries.ts";
import { pretrain } from "./pretrain.ts";
import { END_OF_TEXT, VOCABULARY } from "./settings.ts";
import { trainTokenizer } from "./tokenizerTraining.ts";
import { writeDataset } from "./writeDataset.ts";
import { modelConfig, writeModel } from "./writeModel.ts";
import { writeTokenizer } from "./writeTokenizer.ts";

const DEMO = fileURLToPath(new URL("../../demo/", import.meta.url));
const MODEL_FOLDER = join(DEMO, "everyday-gpt2");
const DATA_FOLDER = join(DEMO, "everyday-preferences");

const say = (line: string) => console.log(line);

const entries = makeEntries();
writeDataset(DATA_FOLDER, entries);
say(`${DATA_FOLDER}: ${entries.length} questions, ${entries.filter(({ heldOut }) => heldOut).length} of them held out`);

const trained = trainTokenizer(pretrainingTexts(entries), { size: VOCABULARY, endOfText: END_OF_TEXT });
mkdirSync(MODEL_FOLDER, { recursive: true });
writeTokenizer(MODEL_FOLDER, trained);
const tokenizer = await AutoTokenizer.from_pretrained(MODEL_FOLDER);
say(`${MODEL_FOLDER}: ${tokenizer.vocabSize} tokens`);

const config = modelConfig(trained.vocab[END_OF_TEXT]);
const packed = packEntries(entries, tokenizer);
writeModel(MODEL_FOLDER, config, await pretrain(config, packed, say));
