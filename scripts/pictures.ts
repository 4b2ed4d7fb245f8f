/**
 * @file Draws docs/pictures/before-and-after.png for the README: trains like the demo, and shows the answers of the
 * base model and the run to a held-out question. `npm run pictures`; half a minute.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFolder, LORA, modelFolder, trainingSettings } from "../src/cli/demo/materials.ts";
import { AutoModelForCausalLM, DPOTrainer, loadDataset, renderPng, ultrafeedback } from "../src/index.ts";
import { escapeXml } from "../src/plots/theme.ts";
import { wrapText } from "../src/terminal/text.ts";

const QUESTION = "What is a drought?";
const OUTPUT = new URL("../docs/pictures/before-and-after.png", import.meta.url);

const WIDTH = 880;
const PANEL = 416;
const LINE_HEIGHT = 25;
/** Characters per line in a panel, at 16 pixels of Inter: about 8 pixels each. */
const LINE_LENGTH = 46;

interface Panel {
  title: string;
  text: string;
  x: number;
  color: string;
}

async function answers(): Promise<[string, string]> {
  const folder = mkdtempSync(join(tmpdir(), "prefine-pictures-"));
  try {
    const { train_prefs } = await (await loadDataset(dataFolder())).map(ultrafeedback);
    const args = { ...trainingSettings(folder), eval_strategy: "no" as const };
    const trainer = new DPOTrainer({ model: modelFolder(), args, train_dataset: train_prefs, peft_config: LORA });
    await trainer.train();
    await trainer.dispose();
    return [await answerOf(modelFolder()), await answerOf(folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answerOf(name: string): Promise<string> {
  const model = await AutoModelForCausalLM.from_pretrained(name);
  const { texts } = await model.generate(QUESTION, { max_new_tokens: 64, do_sample: false });
  await model.dispose();
  return texts[0].trim();
}

const wrap = (text: string) => wrapText(text, LINE_LENGTH, { breakWords: false });

function drawPanel({ title, text, x, color }: Panel, height: number): string {
  const lines = wrap(text).map(
    (line, i) =>
      `<text x="${x + 24}" y="${150 + i * LINE_HEIGHT}" font-size="16" fill="#1f2937">${escapeXml(line)}</text>`,
  );
  return [
    `<rect x="${x}" y="76" width="${PANEL}" height="${height}" rx="10" fill="#ffffff" stroke="${color}" stroke-width="2"/>`,
    `<text x="${x + 24}" y="112" font-size="15" font-weight="700" fill="${color}">${escapeXml(title)}</text>`,
    ...lines,
  ].join("\n");
}

function draw(before: string, after: string): string {
  const height = 92 + Math.max(wrap(before).length, wrap(after).length) * LINE_HEIGHT;
  const total = 76 + height + 16;
  const right = WIDTH - 16 - PANEL;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${total}" font-family="Inter">`,
    `<rect width="${WIDTH}" height="${total}" rx="14" fill="#f3f4f6"/>`,
    `<text x="${WIDTH / 2}" y="48" font-size="22" font-weight="700" fill="#111827" text-anchor="middle">${QUESTION}</text>`,
    drawPanel({ title: "Before: the base model", text: before, x: 16, color: "#9a3412" }, height),
    drawPanel({ title: "After: trained on 432 preference pairs", text: after, x: right, color: "#166534" }, height),
    "</svg>",
  ].join("\n");
}

writeFileSync(OUTPUT, renderPng(draw(...(await answers()))));
