/** @file Where the options of each table belong, for messages about an option that is given to another function. */
import { registerHome } from "../arguments.ts";
import { TRAINING_OPTIONS } from "./DPOConfig.ts";
import { GENERATION_OPTIONS } from "./options/generation.ts";
import { LORA_OPTIONS } from "./options/lora.ts";
import { MODEL_OPTIONS } from "./options/modelConfig.ts";
import { QUANTIZATION_OPTIONS } from "./options/quantization.ts";
import { RENAMED_DPO_NAMES } from "./options/renamedNames.ts";
import { SCRIPT_OPTIONS } from "./options/scriptArguments.ts";

registerHome("DPOTrainer's args (DPOConfig)", [...Object.keys(TRAINING_OPTIONS), ...Object.keys(RENAMED_DPO_NAMES)]);
registerHome("DPOTrainer's peft_config (LoraConfig)", Object.keys(LORA_OPTIONS));
registerHome("quantization_config (BitsAndBytesConfig)", Object.keys(QUANTIZATION_OPTIONS));
registerHome("generate", Object.keys(GENERATION_OPTIONS));
registerHome("a run file (runFrom)", [...Object.keys(MODEL_OPTIONS), ...Object.keys(SCRIPT_OPTIONS)]);
