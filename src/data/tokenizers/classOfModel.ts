/** @file The tokenizer classes of model types whose files name none. */

/** Classes that take all parts from tokenizer.json. */
export const FROM_FILE = "TokenizersBackend";

const listed = (tokenizerClass: string, modelTypes: string): [string, string][] =>
  modelTypes.split(" ").map((type) => [type, tokenizerClass]);

/** @param pairs "rag=Rag vits=Vits": the class is RagTokenizer, VitsTokenizer */
const single = (pairs: string): [string, string][] =>
  pairs.split(" ").map((pair) => {
    const [type, name] = pair.split("=");
    return [type, `${name}Tokenizer`];
  });

/** transformers 5.23's TOKENIZER_MAPPING_NAMES; the model types that it lacks read all of tokenizer.json. */
export const CLASS_OF_MODEL: ReadonlyMap<string, string> = new Map([
  ...listed(FROM_FILE, "EvollaModel arctic aria beam bigbird_pegasus camembertv2-base canary chatlm cohere_asr"),
  ...listed(FROM_FILE, "ernie4_5 ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe glm4_moe_lite glm4v glm4v_moe"),
  ...listed(FROM_FILE, "glm_image glmasr got_ocr2 gpt_bigcode gradium_phonon_tts granite granitemoe"),
  ...listed(FROM_FILE, "granitemoehybrid granitemoeshared h2ovl_chat hyperclovax hyperclovax_vlm internlm2"),
  ...listed(FROM_FILE, "internlm3 iquestcoder jamba kimi_k25 kimi_linear kosmos-2 llava llava_next mimo_v2_flash"),
  ...listed(FROM_FILE, "minicpm3 minicpm_ocr minicpmv minicpmv4_6 minicpmv4_7 minimax_m2 ministral ministral3"),
  ...listed(FROM_FILE, "mistral mistral3 mistral_large4 mixtral modernbert modernbert-decoder molmo molmo2"),
  ...listed(FROM_FILE, "nemo_speechlm nemotron nvfp4 nystromformer olmo2 olmo3 olmo_hybrid opencua openvla"),
  ...listed(FROM_FILE, "paddleocr_vl pegasus_x persimmon phi3 phi3_v phimoe pix2struct pixtral pocket_tts smolvlm"),
  ...listed(FROM_FILE, "stablelm step3_vl umt5 vipllava voxtral voxtral_realtime xlm-roberta-xl"),
  ...listed("BertTokenizer", "align bark bert blip bros chinese_clip convbert distilbert electra ernie flava git"),
  ...listed("BertTokenizer", "grounding-dino layoutlm lxmert megatron-bert mm-grounding-dino mobilebert nezha"),
  ...listed("BertTokenizer", "nomic_bert qdqbert realm retribert squeezebert tvp vilt visual_bert"),
  ...listed("Qwen2Tokenizer", "audioflamingo3 colqwen2 cosmos3_omni dots3_note fun_asr_nano hunyuan_vl internvl"),
  ...listed("Qwen2Tokenizer", "lighton_ocr moss_transcribe_diarize ovis2 qianfan_ocr qwen2 qwen2_5_omni qwen2_5_vl"),
  ...listed("Qwen2Tokenizer", "qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_asr qwen3_moe qwen3_next qwen3_omni_moe"),
  ...listed("Qwen2Tokenizer", "qwen3_vl qwen3_vl_moe vibevoice"),
  ...listed("GPT2Tokenizer", "blip-2 codegen dbrx emu3 gpt2 gpt_neo gptj hyperclovax_vision_v2 instructblip"),
  ...listed("GPT2Tokenizer", "instructblipvideo jais2 opt phi starcoder2"),
  ...listed("RobertaTokenizer", "bart bridgetower clap data2vec-text florence2 ibert led lilt longformer mega mra"),
  ...listed("RobertaTokenizer", "mvp roberta roberta-prelayernorm"),
  ...listed("CLIPTokenizer", "aimv2 clip clipseg groupvit omdet-turbo oneformer owlv2 owlvit sam3 sam3_video xclip"),
  ...listed("GemmaTokenizer", "diffusion_gemma gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma"),
  ...listed("GemmaTokenizer", "shieldgemma2 t5gemma zaya"),
  ...listed("GPTNeoXTokenizer", "falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe rwkv xlstm"),
  ...listed("Wav2Vec2CTCTokenizer", "data2vec-audio hubert unispeech unispeech-sat wav2vec2 wav2vec2-bert"),
  ...listed("Wav2Vec2CTCTokenizer", "wav2vec2-conformer"),
  ...listed("ParakeetTokenizer", "granite_speech5_ctc nemotron3_5_asr nemotron_asr_streaming parakeet_ctc"),
  ...listed("ParakeetTokenizer", "parakeet_rnnt parakeet_tdt"),
  ...listed("XLMRobertaTokenizer", "gte jina_embeddings_v3 metaclip_2 trocr xlm-roberta xmod"),
  ...listed("Qwen3_5Tokenizer", "qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen4_exp"),
  ...listed("T5Tokenizer", "mt5 musicgen musicgen_melody switch_transformers t5"),
  ...listed("CohereTokenizer", "aya_vision cohere cohere2"),
  ...listed("AlbertTokenizer", "albert yoso"),
  ...listed("EsmcTokenizer", "esmc esmfold2"),
  ...listed("LasrTokenizer", "lasr_ctc lasr_encoder"),
  ...listed("LlamaTokenizer", "idefics idefics2"),
  ...listed("NllbTokenizer", "nllb nllb-moe"),
  ...listed("NougatTokenizer", "nougat pp_formulanet"),
  ...listed("SeamlessM4TTokenizer", "seamless_m4t seamless_m4t_v2"),
  ...single("barthez=Barthez bartpho=Bartpho bert-generation=BertGeneration bert-japanese=BertJapanese"),
  ...single("bertweet=Bertweet big_bird=BigBird biogpt=BioGpt blenderbot-small=BlenderbotSmall"),
  ...single("blenderbot=Blenderbot byt5=ByT5 ctrl=CTRL camembert=Camembert canine=Canine clvp=Clvp"),
  ...single("code_llama=CodeLlama cpmant=CpmAnt cpm=Cpm dpr=DPRQuestionEncoder deberta=Deberta deberta-v2=DebertaV2"),
  ...single("dia=Dia esm=Esm fnet=FNet fsmt=FSMT flaubert=Flaubert funnel=Funnel gpt_neox_japanese=GPTNeoXJapanese"),
  ...single("gpt-sw3=GPTSw3 herbert=Herbert layoutlmv2=LayoutLMv2 layoutlmv3=LayoutLMv3 layoutxlm=LayoutXLM"),
  ...single("luke=Luke m2m_100=M2M100 mbart50=MBart50 mbart=MBart mluke=MLuke mpnet=MPNet marian=Marian"),
  ...single("markuplm=MarkupLM mgp-str=Mgpstr myt5=MyT5 openai-gpt=OpenAIGPT plbart=PLBart pegasus=Pegasus"),
  ...single("perceiver=Perceiver phobert=Phobert prophetnet=ProphetNet rag=Rag reformer=Reformer rembert=RemBert"),
  ...single("roc_bert=RoCBert roformer=RoFormer siglip2=Siglip2 siglip=Siglip speech_to_text=Speech2Text"),
  ...single("speecht5=SpeechT5 splinter=Splinter tapas=Tapas tipsv2=Tipsv2 udop=Udop videoprism=VideoPrism"),
  ...single("vits=Vits wav2vec2_phoneme=Wav2Vec2PhonemeCTC whisper=Whisper xglm=XGLM xlm=XLM xlnet=XLNet"),
]);
