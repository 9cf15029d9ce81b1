#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| splade_export::fuzzing::tokenizer(data));
